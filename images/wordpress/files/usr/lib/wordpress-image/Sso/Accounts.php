<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** The WordPress account of a person: bound to the identity, never to a name or a mail address. */
final class Accounts
{
    private const META = 'hoodoo_sso_identity';
    private const LOCK_WAIT_S = 10;

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
        $user ??= self::made($person);
        if (array_values($user->roles) !== [$role]) {
            $user->set_role($role);
        }

        return $user;
    }

    /** Whether a provider vouches for the account: then nothing else opens it. */
    public static function isBound(int $id): bool
    {
        return (string) get_user_meta($id, self::META, true) !== '';
    }

    private static function find(string $identity): ?\WP_User
    {
        global $wpdb;
        // Byte by byte: as text, the database takes other letters' cases and accents for the same.
        $ask = "SELECT user_id FROM {$wpdb->usermeta} WHERE meta_key = %s AND CAST(meta_value AS BINARY) = CAST(%s AS BINARY) ORDER BY user_id LIMIT 1";
        $id = (int) $wpdb->get_var($wpdb->prepare($ask, self::META, $identity));

        return $id === 0 ? null : (get_user_by('id', $id) ?: null);
    }

    /** A new account; of those who come for one at once, be it on two units, each waits for the other. */
    private static function made(Person $person): \WP_User
    {
        global $wpdb;
        $lock = 'wordpress:people:' . substr(hash('sha256', DB_NAME . "\0" . $wpdb->prefix), 0, 40);
        if ((int) $wpdb->get_var($wpdb->prepare('SELECT GET_LOCK(%s, %d)', $lock, self::LOCK_WAIT_S)) !== 1) {
            throw new Refused('An account cannot be made at the moment. Please try again later.');
        }
        try {
            return self::find($person->identity) ?? self::create($person);
        } finally {
            $wpdb->query($wpdb->prepare('DO RELEASE_LOCK(%s)', $lock));
        }
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
