<?php
/*
 * Plugin Name: Single sign-on of the image
 * Description: Login by OpenID 2.0 with teams or by OpenID Connect with groups; roles follow at each login.
 */

declare(strict_types=1);

use WordPressImage\Failure;
use WordPressImage\Site;
use WordPressImage\Sso;

(static function (): void {
    $site = Site::load();
    $set = array_filter($site->section('sso') ?? [], is_array(...));
    if ($set === []) {
        return;
    }
    // Whom a provider vouches for has no second way in: who left its teams would stay by a password.
    add_filter('authenticate', static fn ($user, $name, $password) => $user instanceof WP_User && (string) $password !== ''
        && Sso\Accounts::isBound($user->ID) ? new WP_Error('sso_only', '<span class="sso-only">This account logs in by single sign-on only.</span>')
        : $user, 25, 3);
    add_filter('wp_is_application_passwords_available_for_user', static fn ($is, WP_User $user): bool => $is
        && !Sso\Accounts::isBound($user->ID), 10, 2);
    add_filter('allow_password_reset', static fn ($is, $id) => Sso\Accounts::isBound((int) $id) ? false : $is, 10, 2);
    add_filter('show_password_fields', static fn ($is, $user) => $user instanceof WP_User && Sso\Accounts::isBound($user->ID) ? false : $is, 10, 2);
    foreach (['openid' => 'team_map', 'oidc' => 'group_map'] as $kind => $map) {
        if (!is_array($set[$kind] ?? null) || $set[$kind] === []) {
            continue;
        }
        $given = $set[$kind];
        $callback = $site->url . "/-/sso/$kind/callback";
        $port = $kind === 'openid' ? new Sso\OpenId($given, $callback, $site->url . '/') : new Sso\Oidc($given, $callback);
        add_action("login_form_sso-$kind", static function () use ($port, $kind, $given, $map): void {
            nocache_headers();
            try {
                if (($_GET['step'] ?? '') !== '/callback') {
                    $after = is_string($_GET['redirect_to'] ?? null) ? wp_unslash($_GET['redirect_to']) : '';
                    header('Location: ' . $port->begin($after), true, 302);
                    exit;
                }
                [$person, $after] = $kind === 'openid'
                    ? $port->finish((string) ($_SERVER['QUERY_STRING'] ?? ''), (string) file_get_contents('php://input'))
                    : $port->finish(wp_unslash($_GET));
                $user = Sso\Accounts::enter($person, (array) ($given[$map] ?? []));
                wp_set_auth_cookie($user->ID);
                do_action('wp_login', $user->user_login, $user);
                $home = $user->has_cap('edit_posts') ? admin_url() : home_url('/');
                wp_safe_redirect($after === '' ? $home : wp_validate_redirect($after, $home));
                exit;
            } catch (Sso\Refused | Failure $refused) {
                error_log("wordpress: $kind: " . $refused->getMessage());
                $again = sprintf('<p><a href="%s">Back to the login page</a></p>', esc_url(wp_login_url()));
                wp_die('<p>' . esc_html($refused->getMessage()) . '</p>' . $again, 'Login refused', ['response' => 403]);
            }
        });
        add_action('login_message', static function (string $message) use ($site, $kind, $given): string {
            $label = (string) ($given['label'] ?? ($kind === 'openid' ? 'Log in with OpenID' : 'Log in with single sign-on'));
            $after = is_string($_GET['redirect_to'] ?? null) ? '?redirect_to=' . rawurlencode(wp_unslash($_GET['redirect_to'])) : '';
            $link = esc_url($site->url . "/-/sso/$kind" . $after);

            return $message . sprintf('<p class="message"><a class="button" href="%s">%s</a></p>', $link, esc_html($label));
        });
    }
})();
