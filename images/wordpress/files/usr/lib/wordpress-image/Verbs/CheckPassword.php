<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Verb;

final class CheckPassword extends Verb
{
    public function begin(): bool
    {
        $this->input->text('user');
        $this->input->text('password');
        $this->needSite();

        return true;
    }

    public function before(): void
    {
        $this->isolate();
    }

    public function finish(): array
    {
        return ['valid' => self::fits($this->input->text('password'), $this->user())];
    }

    /** Also the form a browser sends: WordPress keeps the hash of what the login page sees. */
    public static function fits(string $password, \WP_User $user): bool
    {
        return wp_check_password($password, $user->user_pass, $user->ID);
    }
}
