<?php

// An address of a folder without its last slash; the answer names no host.
$path = '/' . ltrim((string) parse_url('http://h' . '/' . ltrim($_SERVER['REQUEST_URI'] ?? '/', '/'), PHP_URL_PATH), '/');
// A browser takes one for a slash, and what follows two of them for a host.
$path = str_replace('\\', '%5C', $path);
$query = (string) ($_SERVER['QUERY_STRING'] ?? '');
header('Location: ' . $path . '/' . ($query === '' ? '' : '?' . $query), true, 301);
