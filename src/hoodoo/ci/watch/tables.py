"""What a watcher keeps in the database of attempts."""

from __future__ import annotations

TABLES = """
    CREATE TABLE watched_head (
        repository TEXT NOT NULL, spec TEXT NOT NULL, branch TEXT NOT NULL, commit_id TEXT NOT NULL,
        PRIMARY KEY (repository, spec, branch)
    ) STRICT;
    CREATE TABLE revision (
        id INTEGER PRIMARY KEY,
        repository TEXT NOT NULL, spec TEXT NOT NULL, branch TEXT NOT NULL, commit_id TEXT NOT NULL,
        committed_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
        began_ms INTEGER, ended_ms INTEGER,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
        owner TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0,
        reports TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 0,
        verdict TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '',
        UNIQUE (repository, spec, commit_id)
    ) STRICT;
    CREATE INDEX revision_state ON revision (state);
    CREATE TABLE notice (
        id INTEGER PRIMARY KEY,
        revision INTEGER NOT NULL REFERENCES revision (id),
        target TEXT NOT NULL, event TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'given up')),
        tries INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL, why TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE INDEX notice_state ON notice (state);
    CREATE INDEX attempt_reports ON attempt (reports);
"""

TRIED = """
    CREATE TABLE tried (
        repository TEXT NOT NULL, spec TEXT NOT NULL, commit_id TEXT NOT NULL,
        PRIMARY KEY (repository, spec, commit_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX notice_revision ON notice (revision);
"""
"""Revisions of which nothing else is kept: they are not new when they are seen again."""
