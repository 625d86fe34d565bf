<?php

declare(strict_types=1);

namespace WordPressImage\Downloads;

use WordPressImage\Downloads;

/**
 * Brings what is wished for to this disk, as a user of its own: neither WordPress nor its plugins can write there.
 *
 * What failed is tried again, ever more seldom, until all is there or somebody wishes for something else.
 */
final class Fetch
{
    private const WISH = Downloads::FOLDER . '/wish.json';
    private const ANSWER = Downloads::FOLDER . '/answer.json';
    private const ARCHIVES = Downloads::FOLDER . '/archives';
    private const TREES = Downloads::FOLDER . '/trees';
    private const IMAGE = '/usr/share/wordpress/wp-content';
    private const SOONEST_S = 5;
    private const LATEST_S = 600;
    // What only a person can mend may be mended at wordpress.org as well.
    private const SELDOM_S = 3600;

    /** @var array<string, array<string, string>> what was verified by this process */
    private array $known = [];

    /** @var list<string> what this process has offered, and what may be in use therefore */
    private array $trees = [];

    /** @param list<string> $told the command that is run when there is another answer */
    public function __construct(private readonly array $told)
    {
    }

    public function run(): void
    {
        umask(0022);
        $said = '';
        for ($wait = self::SOONEST_S; true; $wait = min(2 * $wait, self::LATEST_S)) {
            $answer = $this->answer(json_decode((string) file_get_contents(self::WISH), true, 8, JSON_THROW_ON_ERROR));
            $text = json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR);
            if ($text !== $said) {
                self::write(self::ANSWER, $said = $text);
                $this->tell();
            }
            $reasons = array_column($answer['failures'], 'error');
            if ($reasons === []) {
                return;
            }
            // Units that begin together do not ask together.
            $pause = in_array(Refusal::UNREACHABLE, $reasons, true) ? $wait : self::SELDOM_S;
            usleep(random_int($pause * 1_000_000, $pause * 1_250_000));
        }
    }

    /** @return array<string, mixed> */
    private function answer(array $wish): array
    {
        $origin = new Origin($wish['proxy'] ?? '', $wish['no_proxy'] ?? '');
        foreach ([self::ARCHIVES, self::TREES] as $folder) {
            is_dir($folder) || mkdir($folder, 0755, true);
        }
        $pins = $failures = [];
        foreach ($wish['items'] as $item) {
            try {
                $pins[] = $this->fetch($origin, $item);
            } catch (Refusal $refusal) {
                $failures[] = ['kind' => $item['kind'], 'slug' => $item['slug'], 'version' => $item['version'],
                    'error' => $refusal->reason, 'message' => $refusal->getMessage()];
                error_log("wordpress-fetch: {$item['kind']}: {$item['slug']}: {$refusal->getMessage()}");
            }
        }
        $this->clear(self::ARCHIVES, [...array_map(self::fileOf(...), $pins), ...array_map(self::fileOf(...), $wish['items'])]);
        $tree = '';
        try {
            $tree = $this->tree($pins);
        } catch (Refusal $refusal) {
            $failures[] = ['kind' => $pins[0]['kind'], 'slug' => $pins[0]['slug'], 'version' => $pins[0]['version'],
                'error' => $refusal->reason, 'message' => $refusal->getMessage()];
            $pins = [];
        }
        $this->trees[] = $tree;
        $this->clear(self::TREES, [...$this->trees, $wish['keep'] ?? '']);

        return ['tree' => $tree, 'pins' => $pins, 'failures' => $failures];
    }

    /**
     * @param array<string, string> $item kind, slug, version, file, digest; the last three may be empty
     *
     * @return array<string, string> the same, with nothing empty
     */
    private function fetch(Origin $origin, array $item): array
    {
        $name = "{$item['kind']}/{$item['slug']}";
        $item = $this->known[$name] ?? $item;
        if ($item['file'] === '' && $item['version'] !== '') {
            $item['file'] = "{$item['slug']}.{$item['version']}.zip";
        } elseif ($item['file'] === '') {
            [$item['version'], $item['file']] = $origin->newest($item['kind'], $item['slug']);
        }
        $path = self::ARCHIVES . '/' . self::fileOf($item);
        if (!is_file($path) || $item['digest'] === '' || !$this->isStill($path, $item)) {
            $this->get($origin, $item, $path);
        }
        $digest = (new Archive($path, $item['slug']))->digest();

        return $this->known[$name] = ['digest' => $digest] + $item;
    }

    /** What was kept on a volume may have been changed there. */
    private function isStill(string $path, array $item): bool
    {
        try {
            return (new Archive($path, $item['slug']))->digest() === $item['digest'];
        } catch (Refusal) {
            return false;
        }
    }

    private function get(Origin $origin, array $item, string $path): void
    {
        $part = "$path.part";
        try {
            $origin->save($item['kind'], $item['file'], $part);
            $archive = new Archive($part, $item['slug']);
            $archive->needKind($item['kind']);
            if ($item['digest'] !== '' && $archive->digest() !== $item['digest']) {
                throw new Refusal(
                    Refusal::DIFFERENT,
                    "what wordpress.org has as version {$item['version']} is not what the site was given first",
                );
            }
            if ($item['digest'] === '' && $item['kind'] === 'plugins') {
                $allowed = $origin->checksums($item['slug'], $item['version'], "$path.sums.part");
                $allowed === null || $archive->compare($allowed);
                error_log("wordpress-fetch: {$item['slug']} {$item['version']}: "
                    . ($allowed === null ? 'wordpress.org offers no checksums' : 'all files are as wordpress.org says'));
            }
            rename($part, $path) || throw new Refusal(Refusal::UNREACHABLE, 'cannot write below ' . self::ARCHIVES);
        } finally {
            @unlink($part);
            @unlink("$path.sums.part");
        }
    }

    /** The name of the folder that holds exactly these; whatever has that name has the same content on every unit. */
    private function tree(array $pins): string
    {
        if ($pins === []) {
            return '';
        }
        $facts = array_map(static fn (array $pin): string => "{$pin['kind']}/{$pin['slug']} {$pin['version']} {$pin['digest']}", $pins);
        sort($facts, SORT_STRING);
        $name = substr(hash('sha256', implode("\n", $facts)), 0, 16);
        $path = self::TREES . "/$name";
        if (is_dir($path)) {
            return $name;
        }
        $this->remove("$path.part");
        foreach (['', ...Downloads::KINDS] as $kind) {
            mkdir("$path.part/$kind", 0755);
        }
        foreach ($pins as $pin) {
            $archive = new Archive(self::ARCHIVES . '/' . self::fileOf($pin), $pin['slug']);
            $archive->unpack("$path.part/{$pin['kind']}", $pin['digest']);
        }
        // WordPress looks for plugins in one folder.
        foreach (array_diff(scandir(self::IMAGE . '/plugins'), ['.', '..']) as $entry) {
            @symlink(self::IMAGE . "/plugins/$entry", "$path.part/plugins/$entry");
        }
        rename("$path.part", $path) || throw new Refusal(Refusal::UNREACHABLE, 'cannot write below ' . self::TREES);

        return $name;
    }

    private static function fileOf(array $item): string
    {
        return "{$item['kind']}-{$item['file']}";
    }

    /** @param list<string> $kept */
    private function clear(string $folder, array $kept): void
    {
        foreach (array_diff(scandir($folder), ['.', '..', 'lost+found'], $kept) as $entry) {
            $this->remove("$folder/$entry");
        }
    }

    private function remove(string $path): void
    {
        if (is_dir($path) && !is_link($path)) {
            foreach (array_diff(scandir($path), ['.', '..']) as $entry) {
                $this->remove("$path/$entry");
            }
            @rmdir($path);
        } else {
            @unlink($path);
        }
    }

    private static function write(string $path, string $text): void
    {
        if (file_put_contents("$path.part", $text) !== strlen($text) || !rename("$path.part", $path)) {
            throw new \RuntimeException("cannot write $path");
        }
    }

    private function tell(): void
    {
        if ($this->told === []) {
            return;
        }
        $quiet = [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], STDERR];
        $command = proc_open($this->told, $quiet, $pipes);
        if ($command === false || proc_close($command) !== 0) {
            error_log('wordpress-fetch: cannot tell that there is an answer');
        }
    }
}
