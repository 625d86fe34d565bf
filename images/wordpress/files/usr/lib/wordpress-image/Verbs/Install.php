<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Failure;
use WordPressImage\Health;
use WordPressImage\Redis;
use WordPressImage\Verb;

final class Install extends Verb
{
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
        $this->clear();
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
        $names = array_column($this->link()->query($query)->fetch_all(), 0);

        return in_array('hoodoo_installed', $names, true) || !in_array('hoodoo_installing', $names, true);
    }

    /** An installation that was cut off leaves tables of ours only: it begins anew. */
    private function clear(): void
    {
        global $wpdb;
        $wpdb->suppress_errors(true);
        if ($wpdb->get_var("SELECT option_name FROM {$wpdb->options} WHERE option_name = 'hoodoo_installing'")) {
            foreach ($wpdb->tables('all') as $table) {
                $wpdb->query("DROP TABLE IF EXISTS `$table`");
            }
        }
        make_db_current_silent();
        $wpdb->query("INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES ('hoodoo_installing', '1', 'no')");
        $wpdb->suppress_errors(false);
        wp_cache_flush();
    }

    private function permalinks(): void
    {
        global $wp_rewrite;
        $wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%day%/%postname%/');
        $wp_rewrite->flush_rules(false);
    }
}
