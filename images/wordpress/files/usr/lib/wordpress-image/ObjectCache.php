<?php

declare(strict_types=1);

namespace WordPressImage;

/**
 * WordPress's cache of a request with Redis behind it, shared by all units.
 *
 * A value is signed for its key with a key of the site: what somebody else put there counts as absent.
 * All names hold a generation; a new one forgets everything at once. Writes that did not reach Redis start
 * a new generation as soon as it answers again.
 */
final class ObjectCache extends \WP_Object_Cache
{
    private const LONGEST_S = 86400;
    private const MISSED = 'redis-missed';

    private readonly Redis $redis;

    private readonly string $prefix;

    private readonly string $secret;

    private ?string $generation = null;

    /** @var array<string, true> */
    private array $alone = [];

    /** @var array<string, true> known to be absent in Redis too */
    private array $absent = [];

    public function __construct(Site $site)
    {
        parent::__construct();
        $this->redis = Redis::of($site);
        $this->prefix = Redis::prefix($site);
        $this->secret = $site->keys['AUTH_SALT'];
    }

    /** Groups that are of this request only. */
    public function keepAlone(array $groups): void
    {
        $this->alone += array_fill_keys($groups, true);
    }

    public function get($key, $group = 'default', $force = false, &$found = null)
    {
        $group = $group ?: 'default';
        if ($this->is_valid_key($key) && $this->isShared($group) && ($force || !$this->_exists($key, $group))) {
            $this->fetch([$key], $group, (bool) $force);
        }

        return parent::get($key, $group, $force, $found);
    }

    public function get_multiple($keys, $group = 'default', $force = false)
    {
        $group = $group ?: 'default';
        if ($this->isShared($group)) {
            $valid = array_filter($keys, fn ($key): bool => $this->is_valid_key($key) && ($force || !$this->_exists($key, $group)));
            $this->fetch($valid, $group, (bool) $force);
        }
        $values = [];
        foreach ($keys as $key) {
            $values[$key] = parent::get($key, $group);
        }

        return $values;
    }

    public function set($key, $data, $group = 'default', $expire = 0)
    {
        $group = $group ?: 'default';

        return parent::set($key, $data, $group, $expire) && $this->write($key, $group, (int) $expire) !== false;
    }

    public function add($key, $data, $group = 'default', $expire = 0)
    {
        $group = $group ?: 'default';
        if (wp_suspend_cache_addition() || !$this->is_valid_key($key) || $this->_exists($key, $group)) {
            return false;
        }
        parent::set($key, $data, $group, $expire);
        if ($this->write($key, $group, (int) $expire, 'NX') === false) {
            // Somebody else was first.
            parent::delete($key, $group);

            return false;
        }

        return true;
    }

    public function replace($key, $data, $group = 'default', $expire = 0)
    {
        $this->get($key, $group, false, $found);

        return $found ? $this->set($key, $data, $group, $expire) : false;
    }

    public function delete($key, $group = 'default', $deprecated = false)
    {
        $group = $group ?: 'default';
        if (!$this->is_valid_key($key)) {
            return false;
        }
        $here = parent::delete($key, $group);
        if (!$this->isShared($group)) {
            return $here;
        }
        $this->absent["$group:$key"] = true;

        return $this->changed(fn (): mixed => $this->redis->ask('DEL', $this->name($key, $group))) === 1 || $here;
    }

    public function incr($key, $offset = 1, $group = 'default')
    {
        $this->get($key, $group, false, $found);
        $value = $found ? parent::incr($key, $offset, $group ?: 'default') : false;
        if ($value !== false) {
            $this->write($key, $group ?: 'default', 0);
        }

        return $value;
    }

    public function decr($key, $offset = 1, $group = 'default')
    {
        return $this->incr($key, -$offset, $group);
    }

    public function flush()
    {
        parent::flush();
        $this->absent = [];
        $this->changed(fn (): mixed => $this->renew());

        return true;
    }

    public function flush_group($group)
    {
        return $this->flush();
    }

    public function flushHere(): bool
    {
        $this->absent = [];

        return parent::flush();
    }

    private function isShared(string $group): bool
    {
        return !isset($this->alone[$group]);
    }

    /** Take values from Redis into this request. */
    private function fetch(array $keys, string $group, bool $force): void
    {
        $wanted = [];
        foreach ($keys as $key) {
            if ($force || !isset($this->absent["$group:$key"])) {
                $wanted[$this->name($key, $group)] = $key;
            }
        }
        $answers = $wanted === [] ? null : $this->redis->ask('MGET', ...array_map(strval(...), array_keys($wanted)));
        if (!is_array($answers)) {
            return;
        }
        foreach (array_values($wanted) as $number => $key) {
            $text = $answers[$number] ?? null;
            $name = $this->name($key, $group);
            $signed = is_string($text) && hash_equals($this->signature($name, substr($text, 16)), substr($text, 0, 16));
            if ($signed) {
                parent::set($key, unserialize(substr($text, 16)), $group);
            } else {
                $this->absent["$group:$key"] = true;
            }
        }
    }

    /** What was set in this request to Redis; false when it is there already and was not to be. */
    private function write(int|string $key, string $group, int $expire, string ...$more): bool
    {
        if (!$this->isShared($group)) {
            return true;
        }
        unset($this->absent["$group:$key"]);
        $name = $this->name($key, $group);
        $text = serialize($this->cache[$group][$key]);
        $seconds = $expire > 0 ? min($expire, self::LONGEST_S) : self::LONGEST_S;
        $words = ['SET', $name, $this->signature($name, $text) . $text, 'EX', (string) $seconds, ...$more];

        return $this->changed(fn (): mixed => $this->redis->ask(...$words)) !== null || $this->redis->isDown();
    }

    /** Do what has to reach Redis, sooner or later. */
    private function changed(callable $work): mixed
    {
        $answer = $work();
        if ($this->redis->isDown() && Files::cached(self::MISSED) === null) {
            try {
                Files::cache(self::MISSED, '1');
            } catch (Failure $failure) {
                error_log('wordpress: ' . $failure->getMessage());
            }
        }

        return $answer;
    }

    private function name(int|string $key, string $group): string
    {
        if ($this->generation === null) {
            $this->generation = (string) $this->redis->ask('GET', $this->prefix . Redis::GENERATION);
            if (!$this->redis->isDown() && ($this->generation === '' || Files::cached(self::MISSED) !== null)) {
                $this->renew();
                @unlink(Site::CACHE . '/' . self::MISSED);
            }
        }

        return "$this->prefix:$this->generation:$group:$key";
    }

    private function renew(): mixed
    {
        $this->generation = bin2hex(random_bytes(8));

        return $this->redis->ask('SET', $this->prefix . Redis::GENERATION, $this->generation);
    }

    private function signature(string $name, string $text): string
    {
        return substr(hash_hmac('sha256', "$name\0$text", $this->secret, true), 0, 16);
    }
}
