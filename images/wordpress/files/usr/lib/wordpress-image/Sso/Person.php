<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** Whom a provider vouches for. */
final class Person
{
    /** @param list<string> $groups */
    public function __construct(
        public readonly string $identity,
        public readonly string $name,
        public readonly string $email,
        public readonly string $fullName,
        public readonly array $groups,
    ) {
    }

    /**
     * The strongest role of the mapped groups, '' when none is mapped.
     *
     * @param array<string, string> $map
     */
    public function role(array $map): string
    {
        $roles = [];
        foreach ($map as $group => $role) {
            if ($group === '*' || in_array((string) $group, $this->groups, true)) {
                $roles[] = $role;
            }
        }
        foreach (['administrator', 'editor', 'author', 'contributor', 'subscriber'] as $role) {
            if (in_array($role, $roles, true)) {
                return $role;
            }
        }

        return '';
    }
}
