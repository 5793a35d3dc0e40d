"""Pages around articles: the bin, links that lead nowhere, categories, templates, comments, and asking to read."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid, NotAllowed, NotFound, TooLarge
from app.core.thai import thai_date
from app.core.web import db, flash_invalid, now, offered, part, ticked, today, whole
from app.knowledge import commands, life, life_queries, queries
from app.knowledge.forms import CategoryForm, CommentForm, ReadForm, TemplateForm, ValidForm
from app.knowledge.models import POLICIES
from app.knowledge.templates_folder import shipped, templates
from app.people.current import roles_only, staff_only, viewer
from app.people.models import Role

blueprint = Blueprint("life", __name__)


@blueprint.get("/articles/bin")
@staff_only
def deleted() -> str:
    """One's own deleted drafts."""
    return render_template("knowledge/bin.html", cards=queries.bin_of(db(), viewer()))


@blueprint.post("/articles/<code>/undelete")
@staff_only
def undelete(code: str) -> Response:
    """Take a draft out of the bin."""
    commands.undelete_article(db(), viewer(), code)
    flash("กู้คืนร่างแล้ว")
    return redirect(url_for("writing.edit", code=code))


@blueprint.get("/articles/links")
@staff_only
def links() -> str:
    """Pages wanted by `[[links]]`, and links that lead nowhere."""
    return render_template(
        "knowledge/links.html", wanted=life_queries.wanted_pages(db(), viewer()),
        broken=life_queries.broken_links(db(), viewer()),
    )  # fmt: skip


@blueprint.post("/articles/<code>/still-valid")
@staff_only
def still_valid(code: str) -> Response:
    """ยืนยันว่ายังใช้ได้."""
    form = ValidForm()
    try:
        if not form.validate():
            raise Invalid({"until": "อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 31/1/2558 หรือ 1 ต.ค. 2557"})
        until = life.confirm_valid(db(), viewer(), code, form.until.data, now())
        flash(f"ยืนยันแล้วว่ายังใช้ได้ ทบทวนอีกครั้งภายใน {thai_date(until)}")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/comments")
@staff_only
def comment(code: str) -> Response:
    """Say something under an article."""
    form = CommentForm()
    try:
        made = life.comment(db(), part("desk"), viewer(), code, form.body.data or "", now())
        return redirect(url_for("knowledge.show", code=code, _anchor=f"comment-{made.id}"))
    except (Invalid, TooLarge) as error:
        flash(error.message, "error")
    return redirect(url_for("knowledge.show", code=code, _anchor="comments"))


@blueprint.post("/articles/<code>/comments/<int(max=2147483647):number>/take-back")
@staff_only
def take_back(code: str, number: int) -> Response:
    """Take one's comment back."""
    life.take_back_comment(db(), viewer(), code, number, now())
    flash("ถอนความเห็นแล้ว")
    return redirect(url_for("knowledge.show", code=code, _anchor="comments"))


@blueprint.post("/articles/<code>/read-requests")
@staff_only
def ask_to_read(code: str) -> Response:
    """โปรดอ่านและรับทราบ."""
    form = ReadForm()
    article = queries.article_to_read(db(), viewer(), code)
    readers = part("group_members")(db(), article.group_id) if article.visibility == "group" else None
    try:
        if not form.validate():
            raise Invalid({"due_on": "อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 31/1/2558 หรือ 1 ต.ค. 2557"})
        count = life.ask_to_read(db(), viewer(), code, ticked("people"), form.due_on.data, readers, now())
        flash(f"ขอให้อ่านและรับทราบแล้ว {count} คน" if count else "ทุกคนที่เลือกได้รับคำขอไปแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("knowledge.show", code=code))


@blueprint.post("/articles/<code>/confirm")
@staff_only
def confirm(code: str) -> Response:
    """รับทราบแล้ว."""
    life.confirm_read(db(), viewer(), code, now())
    flash("บันทึกว่าท่านอ่านและรับทราบแล้ว")
    return redirect(url_for("knowledge.show", code=code))


def _keeper() -> None:
    if not commands.keeps_categories(viewer()):
        raise NotAllowed("จัดหมวดหมู่ได้เฉพาะเลขานุการ ทีมกลั่นกรอง และผู้ดูแลระบบ")


@blueprint.route("/categories", methods=["GET", "POST"])
@staff_only
def categories() -> str | Response | tuple[str, int]:
    """The tree of categories, and a form to add one."""
    _keeper()
    tree = life_queries.category_tree(db())
    form = CategoryForm()
    form.parent.choices = offered([(0, "– ชั้นบนสุด –"), *((one.id, "　" * one.depth + one.name) for one in tree)])
    status = 200
    if request.method == "POST":
        try:
            if not form.validate():
                raise Invalid({})
            given = (form.name.data or "", form.parent.data or None, form.policy.data)
            life.save_category(db(), viewer(), None, *given)
            flash("เพิ่มหมวดแล้ว")
            return redirect(url_for("life.categories"))
        except Invalid as error:
            form.take(error)
            status = 400
    return render_template("knowledge/categories.html", tree=tree, form=form, policies=POLICIES), status


@blueprint.post("/categories/<int(max=2147483647):number>")
@staff_only
def change_category(number: int) -> Response:
    """Rename, move, set the policy, merge into another, or remove."""
    _keeper()
    act = request.form.get("act", "save")
    other = whole(request.form.get("parent"))
    try:
        if act == "merge":
            life.merge_categories(db(), viewer(), number, other)
            flash("รวมหมวดแล้ว บทความทั้งหมดย้ายไปหมวดปลายทาง")
        elif act == "remove":
            life.remove_category(db(), viewer(), number)
            flash("ลบหมวดแล้ว")
        else:
            given = (request.form.get("name", ""), other or None, request.form.get("policy", ""))
            life.save_category(db(), viewer(), number, *given)
            flash("บันทึกหมวดแล้ว")
    except Invalid as error:
        flash_invalid(error)
    part("worker").wake()
    return redirect(url_for("life.categories"))


@blueprint.route("/templates", methods=["GET", "POST"])
@roles_only(Role.SECRETARY, Role.ADMIN)
def template_list() -> str | Response | tuple[str, int]:
    """Templates of articles, and a form to add one."""
    form = TemplateForm()
    status = 200
    if request.method == "POST":
        try:
            life.save_template(db(), viewer(), form.key.data or "", form.text.data or "", now())
            flash("บันทึกแบบแล้ว")
            return redirect(url_for("life.template_list"))
        except Invalid as error:
            form.take(error)
            status = 400
    elif not form.text.data:
        form.text.data = "---\nname: ชื่อแบบ\ndescription: ใช้เมื่อใด\ncategory: \n---\n## หัวข้อแรก\n*คำแนะนำสั้น ๆ ในเครื่องหมายดอกจัน ผู้เขียนจะเขียนแทน*\n"
    return render_template(
        "knowledge/templates.html", templates=templates(db()).values(), form=form, shipped=shipped()
    ), status


@blueprint.route("/templates/<key>", methods=["GET", "POST"])
@roles_only(Role.SECRETARY, Role.ADMIN)
def template(key: str) -> str | Response | tuple[str, int]:
    """One template as a file."""
    found = templates(db()).get(key)
    if found is None and key not in shipped():
        raise NotFound("ไม่พบแบบนี้")
    form = TemplateForm()
    status = 200
    if request.method == "POST":
        try:
            if request.form.get("act") == "reset":
                life.reset_template(db(), viewer(), key)
                flash("กลับไปใช้แบบที่มากับระบบแล้ว")
            elif request.form.get("act") == "hide":
                life.save_template(db(), viewer(), key, "", now())
                flash("เลิกใช้แบบนี้แล้ว")
            else:
                life.save_template(db(), viewer(), key, form.text.data or "", now())
                flash("บันทึกแบบแล้ว")
            return redirect(url_for("life.template_list"))
        except Invalid as error:
            form.take(error)
            status = 400
    else:
        form.text.data = found.text if found else ""
    return render_template(
        "knowledge/template.html", key=key, form=form, shipped=key in shipped(), today=today()
    ), status
