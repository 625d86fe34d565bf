<?php

declare(strict_types=1);

namespace WordPressImage;

/** One verb: begin() before WordPress, before() just before it is loaded, finish() after it. */
abstract class Verb
{
    private const LOCK_WAIT_S = 60;

    /** What is under way that may end the process, for whoever has to say so. */
    public string $doing = '';

    private ?\mysqli $lock = null;

    public function __construct(protected readonly Site $site, protected readonly Input $input)
    {
    }

    /** Whether finish() needs WordPress. */
    abstract public function begin(): bool;

    public function before(): void
    {
    }

    /** @return array<string, mixed> */
    abstract public function finish(): array;

    /** What is due however the call ends; it may come twice. */
    public function end(): void
    {
    }

    /** One call a site that does *what*, also among several pods; without a word, that writes. Ends with the process. */
    protected function lock(string $what = ''): void
    {
        $link = Database::open($this->site, Database::CONNECT_S, self::LOCK_WAIT_S + 10);
        $name = 'wordpress:' . $what . substr(hash('sha256', $this->site->database['name'] . "\0" . $this->site->tablePrefix), 0, 40);
        $got = $link->query("SELECT GET_LOCK('$name', " . self::LOCK_WAIT_S . ')');
        if ($got === false) {
            throw Database::failure($this->site->database, $link->errno);
        }
        if ((int) $got->fetch_row()[0] !== 1) {
            throw new Failure('locked', 'another call has been changing this site for ' . self::LOCK_WAIT_S . ' s');
        }
        $this->lock = $link;
    }

    protected function link(): \mysqli
    {
        return $this->lock ??= Database::open($this->site, Database::CONNECT_S, 600);
    }

    protected function needSite(): void
    {
        if (Health::schema($this->link(), $this->site) === null) {
            throw new Failure('not-installed', 'the database holds no site yet');
        }
    }

    /** Nothing that a verb does may mail anybody or wait for the network. */
    protected function isolate(): void
    {
        require_once '/usr/share/wordpress/wp-includes/plugin.php';
        add_filter('pre_wp_mail', static fn (): bool => true);
        add_filter('pre_http_request', static fn () => new \WP_Error('http_request_not_executed', 'no requests from wpctl'), 1);
    }

    protected function user(): \WP_User
    {
        $login = $this->input->text('user');
        $user = get_user_by('login', $login);
        if ($user === false) {
            throw new Failure('bad-input', 'there is no user with the login name given');
        }

        return $user;
    }
}
