"""Forms of articles."""

from __future__ import annotations

from wtforms import BooleanField, FileField, HiddenField, IntegerField, SelectField, TextAreaField
from wtforms.validators import Length, Optional

from app.core.thai import normalise
from app.core.web import House, ThaiDateField, needed, not_future, offered, text_field, whole
from app.knowledge.models import POLICIES, VISIBILITIES, ArticleText
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
    co_authors = text_field("ผู้ร่วมเขียน (คั่นด้วยจุลภาค)")
    series = text_field("ชุดบทความ")
    series_number = IntegerField("ตอนที่", [Optional()])
    shorter = BooleanField("ยืนยันว่าตั้งใจลบข้อความส่วนใหญ่")
    version = HiddenField(default="0")
    training = HiddenField(default="")
    template = HiddenField(default="")

    def text(self) -> ArticleText:
        """What was typed."""
        return ArticleText(
            title=self.title.data or "",
            body=normalise(self.body.data or ""),
            category=self.category.data or "",
            tags=split_tags(self.tags.data or ""),
            visibility=self.visibility.data or "staff",
            group_id=self.group_id.data or None,
            summary=self.summary.data or "",
            minor=bool(self.minor.data),
            version=whole(self.version.data),
            review_due_on=self.review_due_on.data,
            # A form without the field leaves the co-authors as they are.
            co_authors=split_tags(self.co_authors.data or "") if self.co_authors.raw_data else None,
            series=self.series.data or "",
            series_number=self.series_number.data,
            template=self.template.data or "",
            shorter=bool(self.shorter.data),
        )


class ShareForm(House):
    """The share sheet. `to` is a name as typed or chosen; `target` the code of one already known."""

    channel = HiddenField()
    target = HiddenField()
    to = text_field("แชร์ให้ใคร")
    note = TextAreaField("ฝากข้อความ (ไม่ใส่ก็ได้)", [Length(max=500, message="ข้อความยาวเกิน 500 ตัวอักษร")])


class ApplyForm(House):
    """นำไปใช้แล้ว."""

    on = ThaiDateField("วันที่นำไปใช้", [needed("โปรดใส่วันที่"), not_future])
    place = text_field("ใช้ที่ไหน (งาน กอง หรือสถานที่)")
    note = TextAreaField("เปลี่ยนอะไร ทำอย่างไร", [needed("โปรดเล่าสั้น ๆ")])
    result = TextAreaField("ได้ผลอย่างไร")
    file = FileField("หลักฐาน (รูป PDF หรือ DOCX)")


class RetireForm(House):
    """Why an article is out of use, and what to read instead."""

    reason = text_field("เหตุผล", needed("โปรดบอกเหตุผล"))
    successor = text_field("เรื่องที่ใช้แทน (ชื่อเรื่องหรือที่อยู่)")


class ValidForm(House):
    """ยืนยันว่ายังใช้ได้."""

    until = ThaiDateField("ทบทวนอีกครั้งภายใน", [Optional()])


class CommentForm(House):
    """A comment under an article."""

    body = TextAreaField("ความเห็นหรือคำถาม")


class ReadForm(House):
    """โปรดอ่านและรับทราบ."""

    due_on = ThaiDateField("ภายในวันที่", [Optional()])


class CategoryForm(House):
    """A category of the tree."""

    name = text_field("ชื่อหมวด")
    parent = SelectField("อยู่ใต้หมวด", coerce=int)
    policy = SelectField("ก่อนเผยแพร่", choices=offered(POLICIES.items()))


class TemplateForm(House):
    """A template of articles."""

    key = text_field("ชื่อแฟ้ม (อังกฤษเล็ก ตัวเลข และขีด)")
    text = TextAreaField("ข้อความทั้งแฟ้ม")


class NoteForm(House):
    """What to mend."""

    note = TextAreaField("สิ่งที่ขอให้แก้")
