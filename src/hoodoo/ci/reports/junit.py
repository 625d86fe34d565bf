"""JUnit XML, as Jenkins, GitLab and others read it: a suite for each part, a case for each phase."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from hoodoo.ci.reports import report


def junit(told: report.Report) -> str:
    """*told* as a document."""
    name = f'{told.spec}@{told.revision}' if told.revision else told.spec
    root = ET.Element('testsuites', {'name': report.fit(name), **_counts(told.cases)})
    moment = datetime.datetime.fromtimestamp(told.began_ms / 1000, datetime.UTC)
    for title, cases in told.suites.items():
        attributes = {'name': report.fit(title), **_counts(cases), 'timestamp': f'{moment:%Y-%m-%dT%H:%M:%S}'}
        suite = ET.SubElement(root, 'testsuite', attributes)
        properties = ET.SubElement(suite, 'properties')
        for key in ('spec', 'revision', 'commit', 'stage', 'model', 'verdict'):
            ET.SubElement(properties, 'property', {'name': key, 'value': report.fit(str(getattr(told, key)))})
        for case in cases:
            _add(suite, case, told)
    ET.indent(root)
    return ET.tostring(root, encoding='unicode', xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', '\n')
    )


def _add(suite: ET.Element, case: report.Case, told: report.Report) -> None:
    attributes = {
        'name': report.fit(case.name),
        'classname': report.fit(f'{told.spec}.{case.suite}'.replace(' ', '_')),
        'time': f'{case.seconds:.3f}',
    }
    if case.place is not None:
        attributes['file'] = report.fit(case.place.file)
        if case.place.line:
            attributes['line'] = str(case.place.line)
    element = ET.SubElement(suite, 'testcase', attributes)
    if case.outcome.bad:
        tag = 'failure' if case.outcome is report.Outcome.FAILED else 'error'
        attributes = {'message': report.fit(case.message), 'type': case.outcome.value}
        ET.SubElement(element, tag, attributes).text = report.fit(case.detail or case.message)
    elif case.outcome is report.Outcome.SKIPPED:
        ET.SubElement(element, 'skipped', {'message': report.fit(case.message)})
    if case.output:
        ET.SubElement(element, 'system-out').text = report.fit('\n'.join(case.output))


def _counts(cases: Sequence[report.Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        'tests': str(len(cases)),
        'failures': str(outcomes.count(report.Outcome.FAILED)),
        'errors': str(outcomes.count(report.Outcome.ERROR)),
        'skipped': str(outcomes.count(report.Outcome.SKIPPED)),
        'time': f'{sum(case.seconds for case in cases):.3f}',
    }
