<?php

declare(strict_types=1);

namespace WordPressImage\Downloads;

/** A zip archive of a stranger: one folder of plain files, looked through before a byte of it is written anywhere. */
final class Archive
{
    private const MOST_ENTRIES = 50_000;
    private const MOST_BYTES = 1 << 30;
    // Authors change these two without another version; they are text, and nobody can read them from outside.
    private const SOFT = '/^readme\.(txt|md)$/iD';
    private const HEADER_BYTES = 8192;

    private readonly \ZipArchive $zip;

    /** @var array<string, array{int, int, int}> index, size and CRC of each file, by its path below the folder */
    private array $files = [];

    /** @var list<string> paths of folders below the folder */
    private array $folders = [];

    /** @var array<string, string>|null */
    private ?array $digests = null;

    public function __construct(string $path, private readonly string $slug)
    {
        $this->zip = new \ZipArchive();
        if ($this->zip->open($path, \ZipArchive::RDONLY | \ZipArchive::CHECKCONS) !== true) {
            throw self::unsafe('is no sound zip archive');
        }
        if ($this->zip->numFiles > self::MOST_ENTRIES) {
            throw self::unsafe('has more than ' . self::MOST_ENTRIES . ' entries');
        }
        $left = self::MOST_BYTES;
        for ($index = 0; $index < $this->zip->numFiles; $index++) {
            $left -= $this->add($index);
            if ($left < 0) {
                throw self::unsafe('is larger than 1 GiB when unpacked');
            }
        }
        foreach (array_keys($this->files) as $file) {
            for ($folder = dirname((string) $file); $folder !== '.'; $folder = dirname($folder)) {
                isset($this->files[$folder]) && throw self::unsafe('has a file where it has a folder');
                $this->folders[] = $folder;
            }
        }
        $this->folders = array_values(array_unique($this->folders));
        sort($this->folders);
    }

    /** What its files say, in one digest; the form of the archive, its times and its readme are not in it. */
    public function digest(): string
    {
        return self::digestOf($this->digests());
    }

    /** Refuse what is not what it is said to be. */
    public function needKind(string $kind): void
    {
        $pattern = $kind === 'themes' ? '/^style\.css$/D' : '/^[^\/]+\.php$/D';
        $header = $kind === 'themes' ? 'Theme Name' : 'Plugin Name';
        foreach (preg_grep($pattern, array_map(strval(...), array_keys($this->files))) as $name) {
            $text = '';
            $this->read($name, static function (string $part) use (&$text): void {
                $text .= strlen($text) < self::HEADER_BYTES ? $part : '';
            });
            if (preg_match("/^(?:[ \\t]*<\\?php)?[ \\t\\/*#@]*$header:/mi", substr($text, 0, self::HEADER_BYTES))) {
                return;
            }
        }
        throw self::unsafe('holds no ' . rtrim($kind, 's'));
    }

    /** @param array<string, list<string>> $allowed digests by path */
    public function compare(array $allowed): void
    {
        foreach ($this->digests() as $name => $digest) {
            if (!in_array($digest, $allowed[$name] ?? [], true) && !preg_match(self::SOFT, (string) $name)) {
                throw new Refusal(Refusal::DIFFERENT, "$name is not what the checksums of wordpress.org say");
            }
        }
    }

    /** Write it below *parent*, where there is nothing of its name; what was written has that *digest*. */
    public function unpack(string $parent, string $digest): void
    {
        $top = "$parent/{$this->slug}";
        $digests = [];
        foreach (['', ...$this->folders] as $folder) {
            mkdir(rtrim("$top/$folder", '/'), 0755) || throw self::unwritten();
        }
        foreach (array_keys($this->files) as $name) {
            $file = fopen("$top/$name", 'xb') ?: throw self::unwritten();
            $digests[$name] = $this->read((string) $name, static function (string $part) use ($file): void {
                fwrite($file, $part) === strlen($part) || throw self::unwritten();
            });
            fclose($file) || throw self::unwritten();
        }
        if (self::digestOf($digests) !== $digest) {
            throw new Refusal(Refusal::DIFFERENT, 'the archive changed while it was unpacked');
        }
    }

    private function add(int $index): int
    {
        $stat = $this->zip->statIndex($index, \ZipArchive::FL_ENC_RAW);
        $name = $stat['name'] ?? '';
        $parts = explode('/', rtrim($name, '/'));
        $odd = array_filter($parts, static fn (string $part): bool => in_array($part, ['', '.', '..'], true) || strlen($part) > 255);
        if ($stat === false || $odd !== [] || strlen($name) > 1024 || !preg_match('/^[^\x00-\x1f\x7f\\\\]+$/Du', $name)) {
            throw self::unsafe('has an entry whose name leads elsewhere or is none');
        }
        if (array_shift($parts) !== $this->slug) {
            throw self::unsafe("has an entry outside of its folder {$this->slug}");
        }
        $isFolder = str_ends_with($name, '/');
        $system = $attributes = 0;
        $this->zip->getExternalAttributesIndex($index, $system, $attributes);
        $type = ($attributes >> 16) & 0170000;
        if (!in_array($type, [0, $isFolder ? 0040000 : 0100000], true)) {
            throw self::unsafe('has an entry that is neither a plain file nor a folder');
        }
        if (($stat['encryption_method'] ?? 0) !== 0) {
            throw self::unsafe('has an encrypted entry');
        }
        $path = implode('/', $parts);
        if ($isFolder) {
            if ($path !== '') {
                $this->folders[] = $path;
            }

            return 0;
        }
        if ($path === '' || isset($this->files[$path])) {
            throw self::unsafe('has two entries of one name');
        }
        $this->files[$path] = [$index, (int) $stat['size'], (int) $stat['crc']];

        return (int) $stat['size'];
    }

    /** @return array<string, string> */
    private function digests(): array
    {
        if ($this->digests === null) {
            $this->digests = [];
            foreach (array_keys($this->files) as $name) {
                $this->digests[$name] = $this->read((string) $name, static fn (string $part) => null);
            }
        }

        return $this->digests;
    }

    /** @param array<string, string> $digests */
    private static function digestOf(array $digests): string
    {
        ksort($digests, SORT_STRING);
        $text = '';
        foreach ($digests as $name => $digest) {
            $text .= preg_match(self::SOFT, (string) $name) ? '' : "$digest  $name\n";
        }

        return hash('sha256', $text);
    }

    /** Read a file to its end; an entry may say less than it holds. */
    private function read(string $name, \Closure $take): string
    {
        [$index, $size, $crc] = $this->files[$name];
        $stream = $this->zip->getStreamIndex($index);
        if ($stream === false) {
            throw self::unsafe('cannot be unpacked');
        }
        $digest = hash_init('sha256');
        $sum = hash_init('crc32b');
        $left = $size;
        while (($part = @fread($stream, 1 << 16)) !== false && $part !== '') {
            $left -= strlen($part);
            if ($left < 0) {
                break;
            }
            hash_update($digest, $part);
            hash_update($sum, $part);
            $take($part);
        }
        fclose($stream);
        if ($left !== 0 || hexdec(hash_final($sum)) !== $crc) {
            throw self::unsafe('is damaged');
        }

        return hash_final($digest);
    }

    private static function unsafe(string $what): Refusal
    {
        return new Refusal(Refusal::UNSAFE, "the archive $what");
    }

    private static function unwritten(): Refusal
    {
        return new Refusal(Refusal::UNREACHABLE, 'the archive cannot be unpacked here: is the disk full?');
    }
}
