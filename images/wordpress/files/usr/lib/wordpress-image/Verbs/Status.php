<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Health;
use WordPressImage\Verb;

final class Status extends Verb
{
    private bool $installed = false;

    public function begin(): bool
    {
        return $this->installed = Health::schema($this->link(), $this->site) !== null;
    }

    public function before(): void
    {
        $this->isolate();
    }

    public function finish(): array
    {
        [$version, $codeSchema] = Health::code();
        $schema = $this->installed ? (int) get_option('db_version') : 0;

        return [
            'installed' => $this->installed,
            'version' => $version,
            'db_version' => $schema,
            'code_db_version' => $codeSchema,
            'upgrade_needed' => $this->installed && $schema < $codeSchema,
            'plugins' => $this->installed ? $this->plugins() : [],
            'themes' => $this->installed ? $this->themes() : [],
            'users' => $this->installed ? (int) count_users()['total_users'] : 0,
            'posts' => $this->installed ? (int) wp_count_posts()->publish : 0,
        ];
    }

    private function plugins(): array
    {
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $list = [];
        foreach (get_plugins() as $file => $data) {
            $slug = str_contains($file, '/') ? dirname($file) : basename($file, '.php');
            $list[] = ['slug' => $slug, 'version' => $data['Version'], 'active' => is_plugin_active($file)];
        }

        return $list;
    }

    private function themes(): array
    {
        $list = [];
        foreach (wp_get_themes() as $slug => $theme) {
            $list[] = ['slug' => (string) $slug, 'version' => $theme->get('Version'), 'active' => $slug === get_stylesheet()];
        }

        return $list;
    }
}
