<?php

declare(strict_types=1);

namespace WordPressImage;

/** One call of wpctl: reads the input, holds the lock, answers exactly once. */
final class Command
{
    private const VERBS = [
        'ping' => Verbs\Ping::class,
        'await-database' => Verbs\AwaitDatabase::class,
        'install' => Verbs\Install::class,
        'apply' => Verbs\Apply::class,
        'status' => Verbs\Status::class,
        'upgrade' => Verbs\Upgrade::class,
        'rehearse' => Verbs\Rehearse::class,
        'set-password' => Verbs\SetPassword::class,
        'check-password' => Verbs\CheckPassword::class,
        'cron' => Verbs\Cron::class,
        'export' => Verbs\Export::class,
        'import' => Verbs\Import::class,
        'media-sync' => Verbs\MediaSync::class,
    ];

    private ?Verb $verb = null;
    private bool $answered = false;

    public function __construct(private readonly string $name)
    {
        // WordPress ends the process with status 0 when it dies: only an answer counts.
        register_shutdown_function($this->last(...));
        set_exception_handler($this->raised(...));
        ob_start(static fn (): string => '');
    }

    /** Whether WordPress has to be loaded for the rest. */
    public function begin(): bool
    {
        $class = self::VERBS[$this->name] ?? null;
        if ($class === null) {
            throw new Failure('bad-input', 'unknown verb, known: ' . implode(' ', array_keys(self::VERBS)));
        }
        $text = (string) stream_get_contents(STDIN);
        $input = trim($text) === '' ? [] : json_decode($text, true, 64);
        if (!is_array($input)) {
            throw new Failure('bad-input', 'standard input is not a JSON object');
        }
        try {
            $site = Site::load();
        } catch (Failure $failure) {
            throw new Failure('no-configuration', $failure->getMessage());
        }
        $this->verb = new $class($site, new Input($input));
        $needed = $this->verb->begin();
        if ($needed) {
            $this->pretendRequest($site);
        }

        return $needed;
    }

    public function finish(): void
    {
        $this->answer(['ok' => true] + $this->verb->finish());
    }

    private function pretendRequest(Site $site): void
    {
        $_SERVER = [
            'HTTP_HOST' => $site->host,
            'SERVER_NAME' => preg_replace('/:\d+$/D', '', $site->host),
            'REQUEST_METHOD' => 'GET',
            'REQUEST_URI' => '/',
            'REMOTE_ADDR' => '127.0.0.1',
            'SERVER_PROTOCOL' => 'HTTP/1.1',
            'PHP_SELF' => '/index.php',
            'SCRIPT_NAME' => '/index.php',
        ] + $_SERVER;
        if ($site->https) {
            $_SERVER['HTTPS'] = 'on';
        }
        $this->verb->before();
    }

    private function answer(array $answer): void
    {
        if ($this->answered) {
            return;
        }
        $this->answered = true;
        try {
            $this->verb?->end();
        } catch (\Throwable $error) {
            fwrite(STDERR, $error::class . ' at ' . $error->getFile() . ':' . $error->getLine() . "\n");
        }
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR;
        fwrite(STDOUT, json_encode($answer, $flags) . "\n");
        exit($answer['ok'] ? 0 : 1);
    }

    private function raised(\Throwable $error): void
    {
        if ($error instanceof Failure) {
            $this->answer(['ok' => false, 'error' => $error->reason, 'message' => $error->getMessage()]);
        }
        fwrite(STDERR, $error::class . ' at ' . $error->getFile() . ':' . $error->getLine() . "\n");
        $where = basename($error->getFile()) . ':' . $error->getLine();
        $this->answer(['ok' => false, 'error' => 'wordpress-error', 'message' => $error::class . ' at ' . $where . $this->meanwhile()]);
    }

    private function meanwhile(): string
    {
        return ($this->verb->doing ?? '') === '' ? '' : ', while ' . $this->verb->doing;
    }

    private function last(): void
    {
        if ($this->answered) {
            return;
        }
        $error = error_get_last();
        $fatal = $error !== null && ($error['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR)) !== 0;
        $where = $fatal ? ' at ' . basename($error['file']) . ':' . $error['line'] : '';
        $this->answer(['ok' => false, 'error' => 'wordpress-error', 'message' => 'WordPress ended the process' . $where . $this->meanwhile()]);
    }
}
