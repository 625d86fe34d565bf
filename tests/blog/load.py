"""A blog that has been written in for years, quickly made: posts by SQL, uploads as real files."""

from __future__ import annotations

from tests.blog.model import Blog

_UPLOADS = '/var/lib/wordpress/uploads/2026/01'

_POSTS = """
INSERT INTO wp_posts (post_author, post_date, post_date_gmt, post_modified, post_modified_gmt, post_title,
    post_name, post_content, post_excerpt, to_ping, pinged, post_content_filtered, guid, post_type)
  SELECT 1, @at := '2020-01-01' + INTERVAL seq HOUR, @at, @at, @at, CONCAT('Post ', seq),
    CONCAT('post-', seq),
    CONCAT('<!-- wp:paragraph --><p>Of ', seq, ': ', REPEAT(MD5(seq), 60), '</p><!-- /wp:paragraph -->'),
    '', '', '', '', CONCAT('https://blog.example.com/?p=p', seq), 'post'
  FROM seq_1_to_{posts};
INSERT INTO wp_term_relationships (object_id, term_taxonomy_id)
  SELECT ID, 1 FROM wp_posts WHERE post_name LIKE 'post-%';
INSERT INTO wp_postmeta (post_id, meta_key, meta_value)
  SELECT ID, 'views', ID FROM wp_posts WHERE post_name LIKE 'post-%';
INSERT INTO wp_comments (comment_post_ID, comment_author, comment_content, comment_date, comment_date_gmt)
  SELECT ID, 'Reader', 'What a view', post_date, post_date_gmt FROM wp_posts WHERE post_name LIKE 'post-%';
UPDATE wp_posts SET comment_count = 1 WHERE post_name LIKE 'post-%';
"""
# As nothing that a camera makes, what is random cannot be compressed.
_FILES = """
set -eu
mkdir -p {folder}
for number in $(seq {files}); do
    head --bytes={size} /dev/urandom >{folder}/picture-$number.jpg
done
chown -R www-data:www-data /var/lib/wordpress/uploads/2026
"""
_SUMS = 'cd {folder} && sha256sum * | sha256sum'


def write_posts(blog: Blog, posts: int, *, database: str = 'wordpress') -> None:
    """Write that many posts, each with a category, a field and a comment."""
    blog.sql(f'USE `{database}`; {_POSTS.format(posts=posts)}', timeout_s=300)


def upload(blog: Blog, *, files: int, size: int, unit: str = 'wordpress/0') -> None:
    """Put *files* of *size* bytes among the uploads of *unit*."""
    script = _FILES.format(folder=_UPLOADS, files=files, size=size)
    blog.inside(unit, 'wordpress', 'sh', '-c', script, timeout_s=600)


def uploaded(blog: Blog, unit: str = 'wordpress/0') -> str:
    """Return what all uploads of *unit* come to."""
    return blog.inside(unit, 'wordpress', 'sh', '-c', _SUMS.format(folder=_UPLOADS), timeout_s=600)


def tables(blog: Blog, database: str = 'wordpress') -> dict[str, tuple[str, ...]]:
    """Return how many rows each table has, and what their content comes to."""
    names = [row[0] for row in blog.sql(f'SHOW TABLES FROM `{database}`')]
    listed = ', '.join(f'`{database}`.`{name}`' for name in names)
    sums = {row[0].partition('.')[2]: row[1] for row in blog.sql(f'CHECKSUM TABLE {listed}', timeout_s=300)}
    counts = {name: blog.sql(f'SELECT COUNT(*) FROM `{database}`.`{name}`')[0][0] for name in names}
    return {name: (counts[name], sums[name]) for name in names}
