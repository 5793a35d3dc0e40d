"""Forms of articles."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.validators import Optional

from app.core.thai import normalise
from app.core.web import House, ThaiDateField, needed, not_future, offered, text_field
from app.knowledge.models import VISIBILITIES, ArticleText
from app.knowledge.rules import split_tags


class ArticleForm(House):
    """The editor."""

    title = text_field("ชื่อเรื่อง")
    body = TextAreaField("เนื้อหา")
    category = text_field("หมวดหมู่")
    tags = text_field("แท็ก (คั่นด้วยจุลภาค)")
    visibility = SelectField("ผู้อ่าน", choices=offered(VISIBILITIES.items()))
    group_id = SelectField("กลุ่มที่อ่านได้", coerce=int)
    summary = text_field("สรุปสิ่งที่แก้")
    minor = BooleanField("แก้เล็กน้อย (สะกดคำ จัดรูปแบบ)")
    review_due_on = ThaiDateField("ทบทวนภายในวันที่", [Optional()])
    version = HiddenField(default="0")
    training = HiddenField(default="")

    def text(self) -> ArticleText:
        """What was typed."""
        version = self.version.data or "0"
        return ArticleText(
            title=self.title.data or "",
            body=normalise(self.body.data or ""),
            category=self.category.data or "",
            tags=split_tags(self.tags.data or ""),
            visibility=self.visibility.data,
            group_id=self.group_id.data or None,
            summary=self.summary.data or "",
            minor=bool(self.minor.data),
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
            review_due_on=self.review_due_on.data,
        )


class ShareForm(House):
    """The share sheet."""

    channel = HiddenField()
    target = SelectField("ถึง", validate_choice=False)


class ApplyForm(House):
    """นำไปใช้แล้ว."""

    on = ThaiDateField("วันที่นำไปใช้", [needed("โปรดใส่วันที่"), not_future])
    note = TextAreaField("นำไปใช้ที่ไหน อย่างไร ได้ผลอย่างไร", [needed("โปรดเล่าสั้น ๆ")])


class ReasonForm(House):
    """A reason."""

    reason = text_field("เหตุผล", needed("โปรดบอกเหตุผล"))
