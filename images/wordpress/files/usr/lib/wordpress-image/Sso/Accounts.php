<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** The WordPress account of a person: bound to the identity, never to a name or a mail address. */
final class Accounts
{
    private const META = 'hoodoo_sso_identity';

    /** @param array<string, string> $map */
    public static function enter(Person $person, array $map): \WP_User
    {
        $user = self::find($person->identity);
        $role = $person->role($map);
        if ($role === '') {
            if ($user !== null) {
                $user->set_role('');
                \WP_Session_Tokens::get_instance($user->ID)->destroy_all();
            }
            $groups = implode(', ', array_diff(array_keys($map), ['*']));
            throw new Refused("Your account is in none of the teams that may use this site ($groups).");
        }
        $user ??= self::create($person);
        if (array_values($user->roles) !== [$role]) {
            $user->set_role($role);
        }

        return $user;
    }

    private static function find(string $identity): ?\WP_User
    {
        $found = get_users(['meta_key' => self::META, 'meta_value' => $identity, 'number' => 1]);

        return $found[0] ?? null;
    }

    private static function create(Person $person): \WP_User
    {
        $base = sanitize_user($person->name === '' ? 'user' : $person->name, true);
        $base = substr($base === '' ? 'user' : $base, 0, 50);
        $login = $base;
        for ($number = 2; username_exists($login); $number++) {
            $login = "$base-$number";
        }
        $id = wp_insert_user([
            'user_login' => $login,
            'user_pass' => wp_generate_password(40),
            'user_email' => email_exists($person->email) ? '' : sanitize_email($person->email),
            'display_name' => $person->fullName === '' ? $login : $person->fullName,
            'role' => '',
        ]);
        if (is_wp_error($id)) {
            throw new Refused('An account cannot be made: ' . $id->get_error_message());
        }
        update_user_meta($id, self::META, wp_slash($person->identity));

        return new \WP_User($id);
    }
}
