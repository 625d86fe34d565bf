<?php

declare(strict_types=1);

namespace WordPressImage\Sso;

/** A login that cannot be: the message is for the person who tries. */
final class Refused extends \RuntimeException
{
}
