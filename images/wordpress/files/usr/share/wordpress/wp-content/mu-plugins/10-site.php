<?php
/*
 * Plugin Name: Site of the image
 * Description: What every site of this image does: bounded network, mail by SMTP, cache headers, no lists of people, slow guessing.
 */

declare(strict_types=1);

use WordPressImage\Egress;
use WordPressImage\Files;
use WordPressImage\Site;

// The network: whatever is not allowed is refused at once instead of after a timeout.
add_filter('pre_http_request', static function ($answer, array $arguments, string $url) {
    if ($answer !== false || Egress::allows(Site::load(), $url)) {
        return $answer;
    }

    return new WP_Error('http_request_not_executed', 'Outgoing requests to this host are switched off.');
}, 5, 3);
add_filter('block_local_requests', '__return_false');
foreach (['update_core', 'update_plugins', 'update_themes'] as $what) {
    // The image is updated, not the site: nobody has to ask.
    add_filter("pre_site_transient_$what", static fn (): stdClass => (object) [
        'last_checked' => time(), 'version_checked' => wp_get_wp_version_of_image(), 'updates' => [], 'response' => [], 'translations' => [],
        'no_update' => [], 'checked' => [],
    ]);
}
add_filter('site_status_tests', static function (array $tests): array {
    foreach (['background_updates', 'loopback_requests', 'dotorg_communication'] as $name) {
        unset($tests['async'][$name], $tests['direct'][$name]);
    }

    return $tests;
});

function wp_get_wp_version_of_image(): string
{
    return WordPressImage\Health::code()[0];
}

// Mail.
add_filter('wp_mail_from', static function (string $from): string {
    $given = (Site::load()->section('smtp') ?? [])['from'] ?? '';

    return $given === '' ? $from : $given;
});
add_filter('pre_wp_mail', static function ($sent) {
    if ($sent === null && Site::load()->section('smtp') === null) {
        error_log('wordpress: a mail was not sent: no smtp server is configured');

        return false;
    }

    return $sent;
});
add_action('phpmailer_init', static function (object $mailer): void {
    $smtp = Site::load()->section('smtp');
    if ($smtp === null) {
        return;
    }
    $smtp += ['port' => 25, 'user' => '', 'password' => '', 'tls' => 'none', 'ca' => ''];
    $mailer->isSMTP();
    $mailer->Host = (string) $smtp['host'];
    $mailer->Port = (int) $smtp['port'];
    $mailer->Timeout = 10;
    $mailer->SMTPAuth = $smtp['user'] !== '';
    $mailer->Username = (string) $smtp['user'];
    $mailer->Password = (string) $smtp['password'];
    $mailer->SMTPSecure = ['tls' => 'ssl', 'starttls' => 'tls'][$smtp['tls']] ?? '';
    $mailer->SMTPAutoTLS = $smtp['tls'] === 'starttls';
    if ($smtp['ca'] !== '') {
        $mailer->SMTPOptions = ['ssl' => ['cafile' => Files::authorities($smtp['ca'])]];
    }
});

// Caches: a page that is the same for everybody may be kept for a moment, others never.
add_filter('wp_headers', static function (array $headers): array {
    $cookies = preg_grep('/^(wordpress_(?!test)|wp-postpass|comment_author)/', array_keys($_COOKIE));
    $anonymous = $cookies === [] && in_array($_SERVER['REQUEST_METHOD'] ?? '', ['GET', 'HEAD'], true) && !is_user_logged_in();
    $seconds = defined('HOODOO_PAGE_CACHE_S') ? (int) HOODOO_PAGE_CACHE_S : 10;
    if ($anonymous && $seconds > 0 && !isset($headers['Cache-Control'])) {
        $headers['Cache-Control'] = "public, max-age=0, s-maxage=$seconds, stale-while-revalidate=30";
        $headers['Vary'] = 'Cookie';
    }

    return $headers;
});

// Login names are half of a login: visitors get no list of them.
add_action('parse_request', static function (WP $wp): void {
    if (isset($_GET['author']) && !is_user_logged_in()) {
        unset($wp->query_vars['author']);
        $wp->query_vars['error'] = '404';
    }
});
add_filter('redirect_canonical', static fn ($to) => isset($_GET['author']) && !is_user_logged_in() ? false : $to);
add_filter('rest_request_before_callbacks', static function ($answer, $handler, WP_REST_Request $request) {
    if (is_wp_error($answer) || is_user_logged_in() || !preg_match('~^/wp/v2/users(/|$)~i', $request->get_route())) {
        return $answer;
    }

    return new WP_Error('rest_forbidden', 'People are listed for users only.', ['status' => 401]);
}, 10, 3);
add_filter('wp_sitemaps_add_provider', static fn ($provider, string $name) => $name === 'users' ? false : $provider, 10, 2);
add_filter('oembed_response_data', static function (array $data): array {
    unset($data['author_name'], $data['author_url']);

    return $data;
});
add_filter('login_errors', static fn (string $text): string => match (true) {
    str_contains($text, 'sso-') || str_contains($text, 'too-often') => $text,
    ($GLOBALS['action'] ?? 'login') === 'login' => 'The name or the password is wrong.',
    !in_array($GLOBALS['action'], ['lostpassword', 'retrievepassword'], true) => $text,
    Site::load()->section('smtp') === null => 'This site sends no mail, so it cannot send a new password: please ask its administrator for one.',
    in_array($_GET['error'] ?? '', ['expiredkey', 'invalidkey'], true) => $text,
    default => 'No mail was sent: there is no such name, or the mail server does not take mail now.',
});
add_filter('xmlrpc_enabled', static fn (): bool => is_file('/usr/share/wordpress/xmlrpc.php'));
remove_action('wp_head', 'wp_generator');
add_filter('the_generator', '__return_empty_string');

// Akismet that gives no answer means to hold the comment until it asks again, but does not know the comment by then.
add_filter('pre_comment_approved', static fn ($approved, array $comment) => $approved === 1
    && isset($comment['comment_meta']['akismet_error']) && !current_user_can('moderate_comments') ? 0 : $approved, 20, 2);

// Guessing: after ten wrong passwords for an account from an address both wait five minutes.
function hoodoo_guesses(string $name): string
{
    // The database takes many names for one, and a mail address is one more; a network of IPv6 belongs to one person.
    $user = get_user_by('login', $name) ?: get_user_by('email', $name);
    $from = (string) @inet_pton((string) ($_SERVER['REMOTE_ADDR'] ?? ''));
    $from = strlen($from) === 16 ? substr($from, 0, 8) : $from;

    return 'guess_' . substr(hash('sha256', $from . "\0" . ($user === false ? strtolower($name) : "\0$user->ID")), 0, 32);
}
add_filter('authenticate', static function ($user, $name) {
    if (is_string($name) && $name !== '' && (int) get_transient(hoodoo_guesses($name)) >= 10) {
        remove_all_filters('authenticate');

        return new WP_Error('too_often', '<span class="too-often">Too many wrong passwords: please wait five minutes.</span>');
    }

    return $user;
}, 1, 2);
add_action('wp_login_failed', static function (string $name): void {
    $key = hoodoo_guesses($name);
    $count = (int) get_transient($key);
    if ($count < 10) {
        set_transient($key, $count + 1, 300);
    }
});
