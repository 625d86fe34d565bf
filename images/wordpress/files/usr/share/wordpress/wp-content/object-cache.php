<?php

// Drop-in: with "redis" in site.json WordPress keeps objects there; without it this file defines nothing.

use WordPressImage\Redis;
use WordPressImage\Site;

require_once ABSPATH . WPINC . '/class-wp-object-cache.php';

// While a site is installed, what was kept of another one must not be seen.
if (!defined('WP_INSTALLING') && Redis::wanted(Site::load())) {
    require_once '/usr/lib/wordpress-image/object-cache-functions.php';
}
