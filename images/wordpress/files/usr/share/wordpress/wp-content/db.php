<?php

// Drop-in: WordPress's database class with bounded waits and a checked certificate.

use WordPressImage\Database;
use WordPressImage\Failure;
use WordPressImage\Site;

final class WordPressImageDatabase extends wpdb
{
    public function db_connect($allow_bail = true)
    {
        $this->is_mysql = true;
        mysqli_report(MYSQLI_REPORT_OFF);
        $read = PHP_SAPI === 'cli' ? 600 : Database::READ_S;
        try {
            $this->dbh = Database::link(Site::load()->database, Database::CONNECT_S, $read, select: false);
        } catch (Failure $failure) {
            $this->dbh = null;

            return $allow_bail ? $this->unreachable($failure) : false;
        }
        if (!$this->has_connected) {
            $this->init_charset();
        }
        $this->has_connected = true;
        $this->set_charset($this->dbh);
        $this->ready = true;
        $this->set_sql_mode();
        $this->select($this->dbname, $this->dbh);

        return true;
    }

    private function unreachable(Failure $failure): bool
    {
        if (PHP_SAPI === 'cli') {
            throw $failure;
        }
        error_log('wordpress: ' . $failure->reason . ': ' . $failure->getMessage());
        require WP_CONTENT_DIR . '/db-error.php';
        exit(1);
    }
}

$wpdb = new WordPressImageDatabase(DB_USER, DB_PASSWORD, DB_NAME, DB_HOST);
