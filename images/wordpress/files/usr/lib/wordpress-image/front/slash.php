<?php

// An address of a folder without its last slash; the answer names no host.
$path = '/' . ltrim((string) parse_url('http://h' . '/' . ltrim($_SERVER['REQUEST_URI'] ?? '/', '/'), PHP_URL_PATH), '/');
$query = (string) ($_SERVER['QUERY_STRING'] ?? '');
header('Location: ' . $path . '/' . ($query === '' ? '' : '?' . $query), true, 301);
