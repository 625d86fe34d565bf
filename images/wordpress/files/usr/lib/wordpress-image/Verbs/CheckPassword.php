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

    public static function fits(string $password, \WP_User $user): bool
    {
        foreach (array_unique([self::asTyped($password), trim($password)]) as $form) {
            if (wp_check_password($form, $user->user_pass, $user->ID)) {
                return true;
            }
        }

        return false;
    }

    /** What WordPress makes of a password that is typed into its login page: slashed and trimmed. */
    public static function asTyped(string $password): string
    {
        return wp_slash(trim($password));
    }
}
