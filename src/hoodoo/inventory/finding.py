"""Which environment somebody means who says a few words: pure, whoever asks.

Each word has to be explained by something of an environment, in the order of trust: what the inventory
itself calls it, what people call that (a city, ``prod``), the beginning of such a word, a part of one, a slip
of the hand. Numbers are never guessed: ``eastus2`` is no slip for ``eastus``. Of two environments that all
words explain equally well the one comes first whose service and region are named in full, then the one in
production.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hoodoo.inventory import query as queries
from hoodoo.inventory import words
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.readings import AT_MOST, Level, Vocabulary

_SURE = 0.7
"""From here on what stands beside an environment's name is not asked for a better explanation."""
_SPLIT = 0.97
"""What a name in pieces is worth, to one in whole."""
_JOINED = 0.96
"""What words that make one name together are worth."""
_SERVICE, _REGION = 0.08, 0.05
"""For a service or a region of which nothing is left unsaid."""
_SPELT = 0.01
"""For a region as it is spelt: Google's us-west1 differs from the us-west-1 of AWS."""
_FOR_FEW = 0.02
"""Taken from a region for governments: where another is called so, too, people mean that."""
_MINOR_BONUS = 0.12
"""For a service or a stage that has such a word in its name: a model of "stage" is in staging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An environment that was found."""

    environment: Environment
    score: float
    """At most about 1.1; those of different texts compare badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An environment, as far as it takes to compare it."""

    name: str
    service: str
    region: str
    production: bool
    called: words.Calls
    whole: Callable[[], Environment]
    """All of it, which costs something where it comes from a database."""


def likely(production: bool, service: str, name: str) -> tuple[bool, int, str]:
    """Sorts environments that are equally good: production first, then short names."""
    return (not production, len(words.split(service)), name)


def needed(query: queries.Query, vocabulary: Vocabulary, level: Level) -> list[list[tuple[str, ...]]]:
    """Of each word what may explain it: alternatives, each of terms that an environment must have together.

    A word that has no explanation at *level* gets those of the next levels that have one.
    """
    joined = _joined(query, vocabulary)
    return [
        [
            *((term,) for term in vocabulary.taken(word.whole, level)),
            *((term,) for term in joined.get(index, ())),
            *itertools.islice(_pieces(word, vocabulary, level), AT_MOST),
        ]
        for index, word in enumerate(query.words)
    ]


def rank(text: str, environments: Iterable[Environment], *, limit: int = 20) -> list[Hit]:
    """Those of *environments* that *text* may mean, the likeliest first.

    It looks at all of them; where there is an index, that is faster.
    """
    everything = list(environments)
    vocabulary = Vocabulary(term for one in everything for term in words.terms(one)[1])
    subjects = [_subject(environment) for environment in everything]
    for level in Level:
        found = order(text, subjects, vocabulary=vocabulary, level=level, limit=limit)
        if found:
            return found
    return []


def order(
    text: str, subjects: Iterable[Subject], *, vocabulary: Vocabulary, level: Level, limit: int
) -> list[Hit]:
    """Those of *subjects* that explain all words of *text*, the likeliest first.

    Args:
        vocabulary: Of the whole inventory.
        level: How far words may be from what they are taken for, if something nearer explains them.
    """
    asked = _Asked(queries.parse(text), vocabulary, level)
    exactly = text.strip().lower()
    found: list[tuple[float, Subject]] = []
    for subject in subjects:
        score = asked.score(subject)
        if subject.name.lower() == exactly:
            score += 1
        if score > 0:
            found.append((round(score, 6), subject))
    found.sort(key=lambda pair: (-pair[0], likely(pair[1].production, pair[1].service, pair[1].name)))
    return [Hit(environment=subject.whole(), score=score) for score, subject in found[:limit]]


def alternatives(query: queries.Query, vocabulary: Vocabulary) -> list[str]:
    """Texts near to *query*: unknown words replaced by known ones, then one word left out."""
    texts: list[str] = []
    spelt = [word.spelt for word in query.words]
    for index, word in enumerate(query.words):
        if word.parts or any(term in vocabulary for term in vocabulary.taken(word.whole, Level.NEAR)):
            continue
        for other in vocabulary.nearest(word.whole):
            texts.append(' '.join([*spelt[:index], other, *spelt[index + 1 :]]))
    if len(spelt) > 1:
        texts += [' '.join([*spelt[:index], *spelt[index + 1 :]]) for index in range(len(spelt))]
    return list(dict.fromkeys(texts))


def _pieces(word: queries.Word, vocabulary: Vocabulary, level: Level) -> Iterable[tuple[str, ...]]:
    if not word.parts:
        return ()
    return itertools.product(*(list(vocabulary.taken(part, level))[:8] for part in word.parts))


def _joined(query: queries.Query, vocabulary: Vocabulary) -> dict[int, set[str]]:
    """Names that two or three words make together, by the places of these words."""
    found: dict[int, set[str]] = {}
    for length in (2, 3):
        for start in range(len(query.words) - length + 1):
            several = query.words[start : start + length]
            whole = several[0].whole + ''.join(word.before + word.whole for word in several[1:])
            for together in {''.join(word.whole for word in several), whole}:
                if together in vocabulary:
                    for index in range(start, start + length):
                        found.setdefault(index, set()).add(together)
    return found


class _Asked:
    """A query with all that its words may be taken for."""

    def __init__(self, query: queries.Query, vocabulary: Vocabulary, level: Level) -> None:
        self._minor = frozenset(query.minor)
        self._spelt = frozenset(word.spelt for word in query.words)
        joined = _joined(query, vocabulary)
        self._words: list[tuple[str, Mapping[str, float], list[Mapping[str, float]]]] = []
        for index, word in enumerate(query.words):
            readings = dict(vocabulary.taken(word.whole, level))
            for together in joined.get(index, ()):
                readings[together] = max(readings.get(together, 0.0), _JOINED)
            parts = [vocabulary.taken(part, level) for part in word.parts]
            self._words.append((word.whole, readings, parts))

    def score(self, subject: Subject) -> float:
        """How well it explains the words; 0 where it does not."""
        explanations = _Explanations(subject)
        total = 0.0
        hit: set[str] = set()
        for whole, readings, parts in self._words:
            quality, term, _ = explanations.best(readings)
            terms = {term}
            if parts and quality < 1:
                pieces, others = _in_pieces(explanations, parts)
                if pieces > quality:
                    quality, terms = pieces, others
            if not quality:
                return 0.0
            hit |= terms
            hit.add(whole)  # it may be a part of a name even where it says more together with others
            total += quality
        called = subject.called
        minor = self._minor & (called.service.parts | called.stage.terms.keys())
        score = total / len(self._words) if self._words else 0.0
        score += _MINOR_BONUS * len(minor) + _SERVICE * _covered(called.service, hit | minor)
        score += _REGION * _covered(called.region, hit)
        score += _SPELT * (subject.region in self._spelt)
        score -= _FOR_FEW * called.for_few
        return score


class _Explanations:
    """The words of one environment; those beside its name are only made when they are needed."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._named = [said.terms for said in subject.called.each()]
        self._beside: Mapping[str, float] | None = None

    def best(self, readings: Mapping[str, float]) -> tuple[float, str, int]:
        """How well a word is explained, by which word, and where that is from."""
        best = (0.0, '', -1)
        for place, terms in enumerate(self._named):
            best = max(best, _best(readings, terms, place))
        if best[0] < _SURE:
            if self._beside is None:
                self._beside = words.beside(self._subject.whole())
            best = max(best, _best(readings, self._beside, len(self._named)))
        return best


def _best(readings: Mapping[str, float], terms: Mapping[str, float], place: int) -> tuple[float, str, int]:
    if len(readings) == 1:  # as most have
        ((term, quality),) = readings.items()
        return (quality * terms[term], term, place) if term in terms else (0.0, '', -1)
    both = readings.keys() & terms.keys()
    return max(((readings[term] * terms[term], term, place) for term in both), default=(0.0, '', -1))


def _in_pieces(explanations: _Explanations, parts: list[Mapping[str, float]]) -> tuple[float, set[str]]:
    """How well the parts of a word are explained, each by itself; a number only by what was before it."""
    total = 0.0
    terms: set[str] = set()
    before = -1
    for readings in parts:
        quality, term, place = explanations.best(readings)
        if not quality or (term.isdecimal() and before not in (-1, place)):
            return 0.0, set()
        total += quality
        terms.add(term)
        before = place
    return total / len(parts) * _SPLIT, terms


def _covered(said: words.Said, hit: set[str]) -> float:
    """How much of a name was said, from 0 to 1."""
    if said.whole in hit:
        return 1.0
    return len(said.parts & hit) / len(said.parts) if said.parts else 0.0


def _subject(environment: Environment) -> Subject:
    called = words.calls(
        service=environment.service,
        cloud=environment.cloud,
        region=environment.region,
        stage=environment.stage,
    )
    return Subject(
        name=environment.name,
        service=environment.service,
        region=environment.region,
        production=environment.production,
        called=called,
        whole=lambda: environment,
    )
