<?php

declare(strict_types=1);

namespace WordPressImage;

/**
 * A site's tables as text: one statement a line, tables named without their prefix, first and last line ours.
 *
 * Reading fills new tables and swaps them in by one RENAME, so that a dump that is cut off changes nothing.
 */
final class Dump
{
    private const FIRST = '-- wordpress image dump 1';
    private const INSERT_BYTES = 262144;
    private const NEW = 'hnew_';
    private const OLD = 'hold_';

    /** @return array{tables: int, rows: int, bytes: int} */
    public static function write(\mysqli $link, string $prefix, string $path): array
    {
        $part = $path . '.part';
        $mask = umask(0077);
        @unlink($part);
        $file = @fopen($part, 'xb');
        umask($mask);
        if ($file !== false && str_ends_with($path, '.gz')) {
            fclose($file);
            $file = @gzopen($part, 'wb6');
        }
        if ($file === false) {
            throw new Failure('bad-input', "cannot write $part");
        }
        try {
            $counts = self::tables($link, $prefix, $file);
            self::put($file, "-- end {$counts['tables']} tables {$counts['rows']} rows\n");
            if (!fclose($file) || !rename($part, $path)) {
                throw new Failure('bad-input', "cannot write $path");
            }
        } catch (Failure $failure) {
            @unlink($part);
            throw $failure;
        }

        return $counts + ['bytes' => (int) filesize($path)];
    }

    /** @return array{tables: int, rows: int} */
    public static function read(\mysqli $link, string $prefix, string $path): array
    {
        $file = @gzopen($path, 'rb');
        if ($file === false) {
            throw new Failure('bad-input', "cannot read $path");
        }
        self::drop($link, self::NEW . $prefix);
        self::drop($link, self::OLD . $prefix);
        self::run($link, "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'");
        if (rtrim((string) gzgets($file), "\n") !== self::FIRST) {
            throw new Failure('bad-input', 'this is not a dump of this image');
        }
        [$tables, $rows, $whole] = self::fill($link, $prefix, $file);
        gzclose($file);
        if (!$whole || $tables === []) {
            self::drop($link, self::NEW . $prefix);
            throw new Failure('bad-input', 'the dump is cut off: nothing was changed');
        }
        self::swap($link, $prefix, $tables);

        return ['tables' => count($tables), 'rows' => $rows];
    }

    /** @return array{tables: int, rows: int} */
    private static function tables(\mysqli $link, string $prefix, mixed $file): array
    {
        self::put($file, self::FIRST . "\n");
        self::run($link, "SET SESSION time_zone = '+00:00', sql_mode = ''");
        self::run($link, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        self::run($link, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
        $names = self::names($link, $prefix);
        $rows = 0;
        foreach ($names as $name) {
            $short = substr($name, strlen($prefix));
            $made = self::run($link, "SHOW CREATE TABLE `$name`")->fetch_row()[1];
            $made = preg_replace('/^CREATE TABLE `[^`]+`/', "CREATE TABLE `$short`", str_replace("\n", ' ', $made), 1);
            self::put($file, preg_replace('/ AUTO_INCREMENT=\d+/', '', $made) . ";\n");
            $rows += self::rows($link, $name, $short, $file);
        }
        self::run($link, 'COMMIT');

        return ['tables' => count($names), 'rows' => $rows];
    }

    private static function rows(\mysqli $link, string $name, string $short, mixed $file): int
    {
        $count = 0;
        $line = '';
        $result = $link->query("SELECT * FROM `$name`", MYSQLI_USE_RESULT);
        if ($result === false) {
            throw new Failure('wordpress-error', "table $name cannot be read (error {$link->errno})");
        }
        // Bits come as a number, which between quotes would be taken for letters.
        $isBits = array_map(static fn (object $field): bool => $field->type === MYSQLI_TYPE_BIT, $result->fetch_fields());
        while ($row = $result->fetch_row()) {
            $values = array_map(
                static fn ($value, bool $isBits): string => match (true) {
                    $value === null => 'NULL',
                    $isBits => (string) $value,
                    default => "'" . $link->real_escape_string((string) $value) . "'",
                },
                $row,
                $isBits,
            );
            $line .= ($line === '' ? "INSERT INTO `$short` VALUES (" : ',(') . implode(',', $values) . ')';
            $count++;
            if (strlen($line) > self::INSERT_BYTES) {
                self::put($file, $line . ";\n");
                $line = '';
            }
        }
        $broken = $link->errno;
        $result->free();
        if ($broken !== 0) {
            throw new Failure('database-unreachable', "table $name could not be read to its end (error $broken)");
        }
        if ($line !== '') {
            self::put($file, $line . ";\n");
        }

        return $count;
    }

    /** @return array{list<string>, int, bool} */
    private static function fill(\mysqli $link, string $prefix, mixed $file): array
    {
        $tables = [];
        $rows = 0;
        self::run($link, 'SET autocommit = 0');
        while (($line = self::line($file)) !== '') {
            if (preg_match('/^-- end (\d+) tables (\d+) rows$/D', rtrim($line), $said)) {
                self::run($link, 'COMMIT');
                self::run($link, 'SET autocommit = 1');

                return [$tables, $rows, (int) $said[1] === count($tables) && (int) $said[2] === $rows];
            }
            if (!preg_match('/^(CREATE TABLE|INSERT INTO) `([A-Za-z0-9_]+)`/', $line, $parts) || !str_ends_with($line, ";\n")) {
                break;
            }
            $name = self::NEW . $prefix . $parts[2];
            self::run($link, "$parts[1] `$name`" . substr($line, strlen($parts[0]), -2));
            if ($parts[1] === 'CREATE TABLE') {
                $tables[] = $parts[2];
            } else {
                $rows += $link->affected_rows;
            }
        }

        return [$tables, $rows, false];
    }

    /** A whole line, however long. */
    private static function line(mixed $file): string
    {
        $line = '';
        while (!gzeof($file)) {
            $more = (string) gzgets($file, 1 << 20);
            $line .= $more;
            if ($more === '' || str_ends_with($line, "\n")) {
                break;
            }
        }

        return $line;
    }

    private static function swap(\mysqli $link, string $prefix, array $tables): void
    {
        $moves = [];
        foreach (self::names($link, $prefix) as $name) {
            $moves[] = "`$name` TO `" . self::OLD . "$name`";
        }
        foreach ($tables as $short) {
            $moves[] = '`' . self::NEW . "$prefix$short` TO `$prefix$short`";
        }
        self::run($link, 'RENAME TABLE ' . implode(', ', $moves));
        self::drop($link, self::OLD . $prefix);
    }

    private static function drop(\mysqli $link, string $prefix): void
    {
        foreach (self::names($link, $prefix) as $name) {
            self::run($link, "DROP TABLE `$name`");
        }
    }

    /** @return list<string> the tables whose names begin with *prefix*, of the database in use or another one */
    public static function names(\mysqli $link, string $prefix, string $database = ''): array
    {
        $from = $database === '' ? '' : ' FROM `' . str_replace('`', '``', $database) . '`';
        $like = $link->real_escape_string(addcslashes($prefix, '_%\\'));
        $rows = self::run($link, "SHOW FULL TABLES$from LIKE '$like%'")->fetch_all();

        return array_column(array_filter($rows, static fn (array $row): bool => $row[1] === 'BASE TABLE'), 0);
    }

    private static function run(\mysqli $link, string $query): \mysqli_result|bool
    {
        $result = $link->query($query);
        if ($result === false) {
            $what = strtok($query, ' ');
            throw new Failure('wordpress-error', "the database refused a statement ($what, error {$link->errno})");
        }

        return $result;
    }

    private static function put(mixed $file, string $text): void
    {
        if (fwrite($file, $text) !== strlen($text)) {
            throw new Failure('bad-input', 'cannot write the dump: is the disk full?');
        }
    }
}
