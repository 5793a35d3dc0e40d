"""Writing and notifications: review rounds, unsaved texts, links, comments, categories as a tree; mentions move over."""

from __future__ import annotations

import re
from urllib.parse import unquote

import sqlalchemy as sa
from alembic import op

import app.core.database
from app.core.thai import fold

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.create_table(
        "autosave",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_autosave_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "place", name=op.f("pk_autosave")),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("text", sa.String(length=600), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("read_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("mail", sa.String(length=10), nullable=False),
        sa.Column("mail_state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.CheckConstraint(
            "mail_state in ('none','waiting','sending','sent','failed')", name=op.f("ck_notification_mail_state")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notification_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("staff_id", "key", name=op.f("uq_notification_staff_id_key")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index("ix_notification_mail_state_mail", ["mail_state", "mail"], unique=False)
        batch_op.create_index("ix_notification_staff_id_at", ["staff_id", "at"], unique=False)

    op.create_table(
        "notification_choice",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("frequency", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notification_choice_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "kind", name=op.f("pk_notification_choice")),
    )
    op.create_table(
        "obligation_waiver",
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_obligation_waiver_by_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_obligation_waiver_staff_id")),
        sa.ForeignKeyConstraint(["training_id"], ["training.id"], name=op.f("fk_obligation_waiver_training_id")),
        sa.PrimaryKeyConstraint("training_id", "staff_id", name=op.f("pk_obligation_waiver")),
    )
    op.create_table(
        "template_text",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_by_id", sa.Integer(), nullable=False),
        sa.Column("edited_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edited_by_id"], ["staff.id"], name=op.f("fk_template_text_edited_by_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_template_text")),
    )
    op.create_table(
        "article_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("taken_back_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_comment_article_id")),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_article_comment_author_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_article_comment_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_comment")),
    )
    with op.batch_alter_table("article_comment", schema=None) as batch_op:
        batch_op.create_index("ix_article_comment_article_id_at", ["article_id", "at"], unique=False)

    op.create_table(
        "article_link",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("shown", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_link_article_id")),
        sa.PrimaryKeyConstraint("article_id", "title", name=op.f("pk_article_link")),
    )
    with op.batch_alter_table("article_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_link_title"), ["title"], unique=False)

    op.create_table(
        "editing",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_editing_article_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_editing_staff_id")),
        sa.PrimaryKeyConstraint("article_id", "staff_id", name=op.f("pk_editing")),
    )
    op.create_table(
        "read_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("confirmed_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("confirmed_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_read_request_article_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_read_request_asked_by_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_read_request_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_request")),
        sa.UniqueConstraint("article_id", "staff_id", name=op.f("uq_read_request_article_id_staff_id")),
    )
    with op.batch_alter_table("read_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_read_request_staff_id"), ["staff_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("open_article_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("head_id", sa.Integer(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.CheckConstraint("(state = 'approved') = (approved_on is not null)", name=op.f("ck_review_approved")),
        sa.CheckConstraint("(state = 'open') = (open_article_id is not null)", name=op.f("ck_review_open")),
        sa.CheckConstraint("policy in ('none','one','two')", name=op.f("ck_review_policy")),
        sa.CheckConstraint("state in ('open','approved','returned','withdrawn')", name=op.f("ck_review_state")),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_review_article_id")),
        sa.ForeignKeyConstraint(["head_id"], ["staff.id"], name=op.f("fk_review_head_id")),
        sa.ForeignKeyConstraint(["open_article_id"], ["article.id"], name=op.f("fk_review_open_article_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["staff.id"], name=op.f("fk_review_reviewer_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["staff.id"], name=op.f("fk_review_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("open_article_id", name=op.f("uq_review_open_article_id")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_approved_on"), ["approved_on"], unique=False)
        batch_op.create_index("ix_review_article_id_number", ["article_id", "number"], unique=False)

    op.create_table(
        "still_valid",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_still_valid_article_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_still_valid_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_still_valid")),
    )
    with op.batch_alter_table("still_valid", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_still_valid_article_id"), ["article_id"], unique=False)

    op.create_table(
        "review_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("paragraph", sa.Integer(), nullable=False),
        sa.Column("quote", sa.String(length=300), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", app.core.database.Instant(timezone=True), nullable=False),
        sa.Column("settled_at", app.core.database.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_review_comment_article_id")),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name=op.f("fk_review_comment_by_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_review_comment_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comment")),
    )
    with op.batch_alter_table("review_comment", schema=None) as batch_op:
        batch_op.create_index("ix_review_comment_article_id", ["article_id"], unique=False)

    # Columns with a reference are added in plain SQL that both databases read: SQLite would else copy the whole table.
    op.execute(
        "ALTER TABLE article ADD COLUMN successor_id INTEGER CONSTRAINT fk_article_successor_id REFERENCES article (id)"
    )
    op.execute(
        "ALTER TABLE category ADD COLUMN parent_id INTEGER CONSTRAINT fk_category_parent_id REFERENCES category (id)"
    )
    op.add_column("article", sa.Column("template", sa.String(length=60), server_default="", nullable=False))
    op.add_column("article", sa.Column("series", sa.String(length=120), server_default="", nullable=False))
    op.add_column("article", sa.Column("series_number", sa.Integer(), nullable=True))
    op.create_index("ix_article_series", "article", ["series"])
    op.add_column("category", sa.Column("policy", sa.String(length=10), server_default="none", nullable=False))
    op.add_column("application", sa.Column("place", sa.String(length=300), server_default="", nullable=False))
    op.add_column("application", sa.Column("result", sa.String(length=2000), server_default="", nullable=False))
    op.add_column("revision", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("revision", sa.Column("details", sa.JSON(), nullable=True))
    _move()
    op.drop_index("ix_post_mention_staff_id", "post_mention")
    op.drop_table("post_mention")


def _move() -> None:
    """What the first tables held in another form."""
    op.execute("UPDATE revision SET version = number")
    op.execute(
        "INSERT INTO review (article_id, number, policy, state, reviewer_id, reviewed_on, approved_on, note)"
        " SELECT id, coalesce(review_approved_number, published_number, 1), 'none', 'approved', review_approved_by_id,"
        " review_approved_on, review_approved_on, '' FROM article WHERE review_approved_on IS NOT NULL"
    )
    op.execute(
        "INSERT INTO notification (staff_id, kind, key, text, url, audience, at, mail, mail_state, tries)"
        " SELECT m.staff_id, 'mention', 'mention:thread:' || m.thread_id || ':' || m.post_id,"
        " 'มีผู้เอ่ยถึงท่านในกระทู้ “' || t.title || '”', '/threads/' || t.code, 'g' || t.group_id, t.last_at,"
        " 'screen', 'none', 0 FROM post_mention m JOIN thread t ON t.id = m.thread_id"
    )
    bind = op.get_bind()
    shown = bind.execute(
        sa.text(
            "SELECT a.id, r.html FROM article a JOIN revision r ON r.article_id = a.id AND r.number = a.published_number"
            " WHERE r.html LIKE '%href=\"/wiki/%'"
        )
    ).all()
    for article_id, html in shown:
        titles = {unquote(found)[:300] for found in re.findall(r'href="/wiki/([^"]+)"', html)}
        for title in {fold(title): title for title in titles}.values():
            row = {"article_id": article_id, "title": fold(title)[:300], "shown": title}
            bind.execute(
                sa.text("INSERT INTO article_link (article_id, title, shown) VALUES (:article_id, :title, :shown)"), row
            )
