<?php

// Whether this server could answer a visitor: no WordPress, no theme, one connection, two queries.

declare(strict_types=1);

use WordPressImage\Failure;
use WordPressImage\Health;
use WordPressImage\Site;

require '/usr/lib/wordpress-image/autoload.php';

try {
    $answer = ['ready' => true] + Health::look(Site::load());
} catch (Failure $failure) {
    $answer = ['ready' => false, 'reason' => $failure->reason, 'message' => $failure->getMessage()];
    http_response_code(503);
}
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
