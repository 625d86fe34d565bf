<?php

declare(strict_types=1);

namespace WordPressImage;

/**
 * The site's tables once more: in a database of their own, or where the account may make none, beside the site's under
 * another prefix. The site's own tables are only read.
 */
final class Copy
{
    private const DATABASE = '_rehearsal';
    private const PREFIX = 'hreh_';
    private const MARK = 'hoodoo_rehearsal';
    private const DENIED = [1044, 1142, 1227];

    private function __construct(
        private readonly \mysqli $link,
        private readonly Site $from,
        public readonly Site $site,
    ) {
    }

    /** An empty place for a copy; what an earlier one left there is gone. */
    public static function place(\mysqli $link, Site $from): self
    {
        $name = substr($from->database['name'], 0, 64 - strlen(self::DATABASE)) . self::DATABASE;
        if (self::isFree($link, $name)) {
            $link->query('DROP DATABASE IF EXISTS ' . self::quoted($name));
            $isMade = $link->errno === 0 && $link->query('CREATE DATABASE ' . self::quoted($name));
            if ($isMade) {
                $copy = new self($link, $from, $from->at($name, $from->tablePrefix));
                $copy->run('CREATE TABLE ' . self::quoted($name) . '.' . self::quoted(self::MARK) . ' (made DATETIME NOT NULL)');

                return $copy;
            }
            if (!in_array($link->errno, self::DENIED, true)) {
                throw new Failure('wordpress-error', "no database can be made for the copy (error {$link->errno})");
            }
        }
        $copy = new self($link, $from, $from->at($from->database['name'], self::PREFIX . $from->tablePrefix));
        $copy->dropTables();

        return $copy;
    }

    public function hasDatabase(): bool
    {
        return $this->site->database['name'] !== $this->from->database['name'];
    }

    /** @return array{tables: int, rows: int} */
    public function fill(): array
    {
        $names = Dump::names($this->link, $this->from->tablePrefix);
        foreach ($names as $name) {
            $this->run('CREATE TABLE ' . $this->there($name) . ' LIKE ' . $this->here($name));
        }
        // What is read that way is not locked: whoever writes in the site does not wait.
        $this->run('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
        $this->run("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0");
        $rows = 0;
        foreach ($names as $name) {
            $this->run('INSERT INTO ' . $this->there($name) . ' SELECT * FROM ' . $this->here($name));
            $rows += $this->link->affected_rows;
        }
        $this->hasDatabase() || $this->nameAnew();

        return ['tables' => count($names), 'rows' => $rows];
    }

    /** @return array<string, string> the definition of each of its tables, by the name that the site has for it */
    public function definitions(): array
    {
        $found = [];
        foreach ($this->tables() as $name) {
            $made = $this->run('SHOW CREATE TABLE ' . self::quoted($this->site->database['name']) . '.' . self::quoted($name))->fetch_row()[1];
            $short = substr($name, strlen($this->site->tablePrefix));
            $found[$this->from->tablePrefix . $short] = preg_replace('/ AUTO_INCREMENT=\d+/', '', $made);
        }

        return $found;
    }

    public function remove(): void
    {
        if ($this->hasDatabase()) {
            $this->run('DROP DATABASE IF EXISTS ' . self::quoted($this->site->database['name']));
        } else {
            $this->dropTables();
        }
    }

    /** Whether there is no such database, or only what a rehearsal that was cut off left. */
    private static function isFree(\mysqli $link, string $name): bool
    {
        $like = $link->real_escape_string(addcslashes($name, '_%\\'));
        $there = $link->query("SHOW DATABASES LIKE '$like'");
        if ($there === false || $there->num_rows === 0) {
            return true;
        }
        $tables = array_column($link->query('SHOW TABLES FROM ' . self::quoted($name))->fetch_all(), 0);

        return $tables === [] || in_array(self::MARK, $tables, true);
    }

    /** Names of roles and of what users may do begin with the prefix. */
    private function nameAnew(): void
    {
        [$old, $new] = [$this->from->tablePrefix, $this->site->tablePrefix];
        $like = $this->link->real_escape_string(addcslashes($old, '_%\\'));
        $from = strlen($old) + 1;
        $this->run("UPDATE `{$new}options` SET option_name = '{$new}user_roles' WHERE option_name = '{$old}user_roles'");
        $this->run("UPDATE `{$new}usermeta` SET meta_key = CONCAT('$new', SUBSTRING(meta_key, $from)) WHERE meta_key LIKE '$like%'");
    }

    private function dropTables(): void
    {
        foreach ($this->tables() as $name) {
            $this->run('DROP TABLE ' . self::quoted($name));
        }
    }

    /** @return list<string> */
    private function tables(): array
    {
        return Dump::names($this->link, $this->site->tablePrefix, $this->site->database['name']);
    }

    private function here(string $name): string
    {
        return self::quoted($this->from->database['name']) . '.' . self::quoted($name);
    }

    private function there(string $name): string
    {
        $short = substr($name, strlen($this->from->tablePrefix));

        return self::quoted($this->site->database['name']) . '.' . self::quoted($this->site->tablePrefix . $short);
    }

    private static function quoted(string $name): string
    {
        return '`' . str_replace('`', '``', $name) . '`';
    }

    private function run(string $query): \mysqli_result|bool
    {
        $result = $this->link->query($query);
        if ($result === false) {
            throw new Failure('wordpress-error', 'the copy cannot be made (' . strtok($query, ' ') . ", error {$this->link->errno})");
        }

        return $result;
    }
}
