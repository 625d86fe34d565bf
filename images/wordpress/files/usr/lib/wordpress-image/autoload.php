<?php

// Classes of this folder are one to a file, named after it.
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'WordPressImage\\')) {
        $path = __DIR__ . '/' . str_replace('\\', '/', substr($class, 15)) . '.php';
        if (is_file($path)) {
            require $path;
        }
    }
});
