<?php

declare(strict_types=1);

namespace WordPressImage\Verbs;

use WordPressImage\Failure;
use WordPressImage\Storage;
use WordPressImage\Verb;

final class MediaSync extends Verb
{
    private const TOLD = 20;

    public function begin(): bool
    {
        return false;
    }

    public function finish(): array
    {
        $storage = Storage::of($this->site);
        if ($storage === null) {
            throw new Failure('bad-input', 'site.json has no object_storage');
        }
        $done = ['uploaded' => 0, 'present' => 0, 'failed' => [], 'failed_count' => 0];
        foreach ($this->files() as $path => $file) {
            $name = Storage::nameOf((string) $path);
            try {
                if ($storage->size($name) === $file->getSize()) {
                    $done['present']++;
                } else {
                    $storage->put($name);
                    $done['uploaded']++;
                }
            } catch (Failure $failure) {
                $done['failed_count']++;
                if (count($done['failed']) < self::TOLD) {
                    $done['failed'][] = ['path' => $name, 'message' => $failure->getMessage()];
                }
            }
        }
        if ($done['failed_count'] > 0) {
            $first = $done['failed'][0];
            $more = " ({$done['failed_count']} in all, {$done['uploaded']} uploaded, {$done['present']} present)";
            throw new Failure('storage-error', "{$first['path']}: {$first['message']}$more");
        }

        return $done;
    }

    /** @return iterable<string, \SplFileInfo> */
    private function files(): iterable
    {
        $all = new \RecursiveDirectoryIterator(Storage::UPLOADS, \FilesystemIterator::SKIP_DOTS);
        // The folder that a volume has of its own is root's alone.
        $wanted = static fn (\SplFileInfo $entry): bool => !$entry->isLink() && !preg_match('~^(\.|lost\+found)~', $entry->getFilename());
        try {
            foreach (new \RecursiveIteratorIterator(new \RecursiveCallbackFilterIterator($all, $wanted)) as $path => $file) {
                if ($file->isFile()) {
                    yield $path => $file;
                }
            }
        } catch (\UnexpectedValueException) {
            throw new Failure('storage-error', 'a folder below ' . Storage::UPLOADS . ' cannot be read');
        }
    }
}
