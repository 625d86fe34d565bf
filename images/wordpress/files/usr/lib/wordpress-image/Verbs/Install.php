<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Database;
use WordPressImage\Failure;
use WordPressImage\Health;
use WordPressImage\Redis;
use WordPressImage\Verb;

final class Install extends Verb
{
    // Of any site. The last one says whose the others are.
    private const TABLES = [
        'commentmeta', 'comments', 'links', 'postmeta', 'posts', 'term_relationships', 'term_taxonomy', 'termmeta',
        'terms', 'usermeta', 'users', 'options',
    ];

    private bool $present = false;

    public function begin(): bool
    {
        foreach (['title', 'user', 'email', 'password'] as $key) {
            $this->input->text($key);
        }
        $this->input->flag('public');
        // Before WordPress: a loser that loads it meanwhile dies on half-made tables.
        $this->lock();
        $this->present = $this->marked();
        if (!$this->present) {
            $this->sweep();
        }

        return !$this->present;
    }

    public function before(): void
    {
        define('WP_INSTALLING', true);
        $this->isolate();
    }

    public function finish(): array
    {
        if ($this->present) {
            return ['result' => 'already-installed'];
        }
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $email = sanitize_email($this->input->text('email'));
        if (!is_email($email)) {
            throw new Failure('bad-input', 'email is not a mail address');
        }
        $login = $this->input->text('user');
        if (sanitize_user($login, true) !== $login || strlen($login) > 60) {
            throw new Failure('bad-input', 'user may hold letters, digits, space and _ . - @ only, 60 at most');
        }
        $this->mark();
        $public = $this->input->flag('public');
        $made = wp_install($this->input->text('title'), $login, $email, $public ? 1 : 0, '', wp_generate_password(24, false));
        wp_set_password(CheckPassword::asTyped($this->input->text('password')), $made['user_id']);
        update_option('blog_public', $public ? '1' : '0');
        $this->permalinks();
        wp_cache_flush();
        if (get_option('db_version') === false || !get_user_by('login', $login)) {
            throw new Failure('wordpress-error', 'WordPress did not finish its installation');
        }
        update_option('hoodoo_installed', (string) time(), false);
        Redis::forget($this->site);

        return ['result' => 'installed'];
    }

    /** Whether a whole site is there: ours says so at its end, one made by others has a user and a schema. */
    private function marked(): bool
    {
        if (Health::schema($this->link(), $this->site) === null) {
            return false;
        }
        $p = $this->site->tablePrefix;
        $query = "SELECT option_name FROM `{$p}options` WHERE option_name IN ('hoodoo_installed', 'hoodoo_installing')";
        $names = array_column($this->ask($query)->fetch_all(), 0);

        return in_array('hoodoo_installed', $names, true) || !in_array('hoodoo_installing', $names, true);
    }

    /**
     * Take away what an installation that was cut off has left: it begins anew.
     *
     * Before WordPress, which does not load where there are tables and no options. What has rows without our mark
     * is somebody's.
     */
    private function sweep(): void
    {
        $p = $this->site->tablePrefix;
        $there = array_column($this->ask('SHOW TABLES')->fetch_all(), 0);
        $found = array_intersect(array_map(static fn (string $name): string => $p . $name, self::TABLES), $there);
        $isOurs = in_array("{$p}options", $found, true)
            && $this->ask("SELECT 1 FROM `{$p}options` WHERE option_name = 'hoodoo_installing'")->num_rows > 0;
        foreach ($found as $table) {
            if (!$isOurs && $this->ask("SELECT 1 FROM `$table` LIMIT 1")->num_rows > 0) {
                return;
            }
        }
        foreach ($found as $table) {
            $this->ask("DROP TABLE `$table`");
        }
    }

    private function mark(): void
    {
        global $wpdb;
        make_db_current_silent();
        $wpdb->query("INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES ('hoodoo_installing', '1', 'no')");
        wp_cache_flush();
    }

    private function ask(string $sql): \mysqli_result|bool
    {
        $answer = $this->link()->query($sql);
        if ($answer === false) {
            throw Database::failure($this->site->database, $this->link()->errno);
        }

        return $answer;
    }

    private function permalinks(): void
    {
        global $wp_rewrite;
        $wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%day%/%postname%/');
        $wp_rewrite->flush_rules(false);
    }
}
