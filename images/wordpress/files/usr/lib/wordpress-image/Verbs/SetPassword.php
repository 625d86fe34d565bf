<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Verb;

final class SetPassword extends Verb
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
        $user = $this->user();
        $password = $this->input->text('password');
        if (CheckPassword::fits($password, $user)) {
            return ['changed' => false];
        }
        wp_set_password(CheckPassword::asTyped($password), $user->ID);
        \WP_Session_Tokens::get_instance($user->ID)->destroy_all();

        return ['changed' => true];
    }
}
