<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Failure;
use WordPressImage\Verb;

final class Apply extends Verb
{
    // Fixed by the image or made by WordPress itself: a wish for one of these is a mistake.
    private const FIXED = ['siteurl', 'home', 'db_version', 'active_plugins', 'template', 'stylesheet', 'hoodoo_installed'];

    /** @var list<string> */
    private array $changed = [];

    public function begin(): bool
    {
        $wrong = array_intersect(
            [...array_keys($this->input->map('options')), ...$this->input->names('remove_options')],
            self::FIXED,
        );
        if ($wrong !== []) {
            throw new Failure('bad-input', 'options that cannot be set this way: ' . implode(' ', $wrong));
        }
        $this->input->map('plugins');
        $this->input->name('theme');
        $this->input->names('leave_themes');
        $this->lock();
        $this->needSite();

        return true;
    }

    public function before(): void
    {
        $this->isolate();
    }

    public function finish(): array
    {
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $wanted = $this->input->map('plugins');
        $activate = $this->files($this->input->names('activate', $wanted));
        $unwanted = $this->input->names('deactivate', $wanted);
        $deactivate = $this->files($unwanted, absent: true);
        $theme = $this->input->name('theme');
        if ($theme !== '' && !wp_get_theme($theme)->exists()) {
            throw new Failure('bad-input', "theme $theme is not in this image");
        }
        $this->plugins($activate, $deactivate);
        $this->forget(array_diff($unwanted, array_keys($deactivate)));
        $this->leave($this->input->names('leave_themes'));
        $this->theme($theme);
        $this->options();

        return ['changed' => $this->changed];
    }

    /** @return array<string, string> plugin file by slug */
    private function files(array $slugs, bool $absent = false): array
    {
        $found = [];
        foreach (array_keys(get_plugins()) as $file) {
            $found[str_contains($file, '/') ? dirname($file) : basename($file, '.php')] = $file;
        }
        $missing = array_diff($slugs, array_keys($found));
        if ($missing !== [] && !$absent) {
            throw new Failure('bad-input', 'plugins that are not in this image: ' . implode(' ', $missing));
        }

        return array_intersect_key($found, array_flip($slugs));
    }

    private function plugins(array $activate, array $deactivate): void
    {
        foreach ($activate as $slug => $file) {
            if (!is_plugin_active($file)) {
                $this->doing = "plugin $slug was switched on";
                $result = activate_plugin($file);
                $this->doing = '';
                if (is_wp_error($result)) {
                    throw new Failure('wordpress-error', "plugin $slug cannot be activated: " . $result->get_error_code());
                }
                $this->changed[] = "plugin:+$slug";
            }
        }
        foreach ($deactivate as $slug => $file) {
            if (is_plugin_active($file)) {
                deactivate_plugins($file);
                $this->changed[] = "plugin:-$slug";
            }
        }
    }

    /** Plugins whose code is gone cannot be asked to stop; but who brings it back must not find them switched on. */
    private function forget(array $slugs): void
    {
        $active = get_option('active_plugins', []);
        $kept = array_values(array_filter($active, static fn (string $file): bool => !in_array(explode('/', $file)[0], $slugs, true)));
        if ($kept !== $active) {
            update_option('active_plugins', $kept);
            array_push($this->changed, ...array_map(static fn (string $file): string => 'plugin:-' . explode('/', $file)[0], array_diff($active, $kept)));
        }
    }

    private function leave(array $themes): void
    {
        if (array_intersect([get_stylesheet(), get_template()], $themes) !== []) {
            $default = \WP_Theme::get_core_default_theme();
            if ($default === false) {
                throw new Failure('wordpress-error', 'this image has no theme of its own to go on with');
            }
            $this->theme($default->get_stylesheet());
        }
    }

    private function theme(string $theme): void
    {
        if ($theme !== '' && get_stylesheet() !== $theme) {
            switch_theme($theme);
            $this->changed[] = "theme:$theme";
        }
    }

    private function options(): void
    {
        global $wp_rewrite;
        foreach ($this->input->map('options') as $name => $value) {
            $value = self::stored(sanitize_option($name, self::stored($value)));
            if (maybe_serialize(self::stored(get_option($name, null))) === maybe_serialize($value)) {
                continue;
            }
            update_option($name, $value);
            $this->changed[] = "option:$name";
            if ($name === 'permalink_structure') {
                $wp_rewrite->init();
                $wp_rewrite->flush_rules(false);
            }
        }
        foreach ($this->input->names('remove_options') as $name) {
            if (get_option($name, null) !== null && delete_option($name)) {
                $this->changed[] = "option:-$name";
            }
        }
    }

    /** The form in which the database gives a value back. */
    private static function stored(mixed $value): mixed
    {
        return match (true) {
            is_bool($value) => $value ? '1' : '0',
            is_scalar($value) => (string) $value,
            default => $value,
        };
    }
}
