"""Pages of signing in, one's own account, and the roster's upkeep."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from app.core.errors import Invalid, TooMany
from app.core.web import db, flash_invalid, now, offered, today
from app.people import commands, queries, rules
from app.people.commands import NewStaff
from app.people.current import guests_too, roles_only, staff_id, staff_only, viewer
from app.people.forms import (
    DepartmentForm,
    LeaveForm,
    PasswordForm,
    ProfileForm,
    RolesForm,
    SignInForm,
    StaffForm,
    TransferForm,
)
from app.people.models import GIVEN_BY_NOBODY, ROLE_NAMES, Role, Staff

blueprint = Blueprint("people", __name__)
ROLE_CHOICES = [(role.value, name) for role, name in ROLE_NAMES.items() if role not in GIVEN_BY_NOBODY]


class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's user: staff id and session epoch, so that "sign out everywhere" ends old cookies."""

    def __init__(self, number: int, epoch: int) -> None:
        self.number, self.epoch = number, epoch

    def get_id(self) -> str:
        """What the cookie holds."""
        return f"{self.number}.{self.epoch}"


def enter(person: Staff) -> None:
    """Begin a new session for a person. What a code on a wall let them do before they signed in stays (`door:…`)."""
    doors = {key: value for key, value in session.items() if key.startswith("door:")}
    session.clear()
    session.update(doors)
    login_user(SignedIn(person.id, person.session_epoch))
    session.permanent = True


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response | tuple[str, int]:
    """Sign in and go back to where the person wanted to be."""
    form = SignInForm()
    target = rules.safe_next(request.args.get("next"))
    if viewer().staff_id is not None:
        return redirect(target)
    if not form.validate_on_submit():
        return render_template("people/sign_in.html", form=form, target=target)
    address = request.remote_addr or ""
    key = str(current_app.secret_key)
    try:
        person = commands.sign_in(db(), form.login.data or "", form.password.data or "", address, key, now())
    except Invalid as error:
        form.take(error)
        return render_template("people/sign_in.html", form=form, target=target), 400
    except TooMany as error:
        form.form_errors = [error.message]
        return render_template("people/sign_in.html", form=form, target=target), 429
    enter(person)
    return redirect(url_for("people.change_password") if person.must_change_password else target)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this session."""
    logout_user()
    session.clear()
    return redirect(url_for("home.index"))


@blueprint.route("/account", methods=["GET", "POST"])
@staff_only
def account() -> str | Response | tuple[str, int]:
    """One's own profile."""
    person = queries.staff_by_code(db(), viewer().code)
    form = ProfileForm(obj=person)
    services, roles = queries.service_of(db(), person.id), queries.roles_of(db(), person.id)
    page = {"form": form, "person": person, "services": services, "roles": roles}
    if form.validate_on_submit():
        try:
            commands.update_profile(db(), staff_id(), form.about.data or "", form.email.data or "")
        except Invalid as error:
            form.take(error)
            return render_template("people/account.html", **page), 400
        flash("บันทึกข้อมูลของท่านแล้ว")
        return redirect(url_for("people.account"))
    return render_template("people/account.html", **page)


@blueprint.route("/account/password", methods=["GET", "POST"])
@guests_too
def change_password() -> str | Response | tuple[str, int]:
    """Change one's password; the first one must be."""
    form = PasswordForm()
    if form.validate_on_submit():
        person = queries.staff_by_code(db(), viewer().code)
        given = (form.current_password.data or "", form.new_password.data or "", form.again.data or "")
        try:
            commands.change_own_password(db(), person, *given)
        except Invalid as error:
            form.take(error)
            return render_template("people/password.html", form=form), 400
        enter(queries.staff_by_code(db(), viewer().code))
        flash("เปลี่ยนรหัสผ่านแล้ว อุปกรณ์อื่นถูกออกจากระบบทั้งหมด")
        return redirect(url_for("home.index"))
    return render_template("people/password.html", form=form)


@blueprint.post("/account/sign-out-everywhere")
@guests_too
def sign_out_everywhere() -> Response:
    """End all sessions of one's own."""
    commands.sign_out_everywhere(db(), staff_id())
    logout_user()
    session.clear()
    flash("ออกจากระบบทุกอุปกรณ์แล้ว")
    return redirect(url_for("people.sign_in"))


@blueprint.route("/admin/people", methods=["GET", "POST"])
@roles_only(Role.ADMIN, Role.SECRETARY)
def roster() -> str | Response | tuple[str, int]:
    """The roster of today, and a form to add a person."""
    form = StaffForm()
    departments = queries.departments(db())
    form.department_id.choices = offered((d.id, d.name) for d in departments)
    status = 200
    if form.validate_on_submit():
        new = NewStaff(
            code=form.code.data or "", name=form.name.data or "", department_id=form.department_id.data,
            start_on=form.start_on.data, position=form.position.data or "", employment=form.employment.data,
            email=form.email.data or "",
        )  # fmt: skip
        try:
            person = commands.add_staff(db(), new)
            return redirect(url_for("people.manage", code=person.code))
        except Invalid as error:
            form.take(error)
            status = 400
    people = queries.people_on(db(), today(), text=request.args.get("q", ""))
    page = render_template(
        "people/roster.html", form=form, people=people, departments=departments, department_form=DepartmentForm()
    )
    return page, status


@blueprint.post("/admin/departments")
@roles_only(Role.ADMIN, Role.SECRETARY)
def add_department() -> Response:
    """Add a department."""
    form = DepartmentForm()
    try:
        commands.add_department(db(), form.code.data or "", form.name.data or "")
        flash("เพิ่มส่วนราชการแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("people.roster"))


@blueprint.get("/admin/people/<code>")
@roles_only(Role.ADMIN, Role.SECRETARY)
def manage(code: str) -> str:
    """One person: service, roles, password."""
    person = queries.staff_by_code(db(), code)
    roles = queries.roles_of(db(), person.id)
    roles_form = RolesForm(roles=[role.value for role in roles])
    transfer_form = TransferForm()
    transfer_form.department_id.choices = offered((d.id, d.name) for d in queries.departments(db()))
    return render_template(
        "people/manage.html", person=person, services=queries.service_of(db(), person.id), roles=roles,
        roles_form=roles_form, role_choices=ROLE_CHOICES, transfer_form=transfer_form, leave_form=LeaveForm(),
    )  # fmt: skip


@blueprint.post("/admin/people/<code>/roles")
@roles_only(Role.ADMIN)
def set_roles(code: str) -> Response:
    """Replace roles; only an administrator may."""
    person = queries.staff_by_code(db(), code)
    form = RolesForm()
    try:
        commands.set_roles(db(), person.id, set(form.roles.data or []))
        flash("บันทึกบทบาทแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("people.manage", code=code))


@blueprint.post("/admin/people/<code>/transfer")
@roles_only(Role.ADMIN, Role.SECRETARY)
def transfer(code: str) -> Response:
    """Move to another department."""
    person = queries.staff_by_code(db(), code)
    form = TransferForm()
    departments = {d.id for d in queries.departments(db())}
    form.department_id.choices = offered((number, "") for number in departments)
    try:
        if not form.validate_on_submit():
            raise Invalid({name: str(errors[0]) for name, errors in form.errors.items()})
        commands.transfer(db(), person.id, form.department_id.data, form.on.data)
        flash("บันทึกการย้ายแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("people.manage", code=code))


@blueprint.post("/admin/people/<code>/leave")
@roles_only(Role.ADMIN, Role.SECRETARY)
def leave(code: str) -> Response:
    """Last day of service."""
    person = queries.staff_by_code(db(), code)
    form = LeaveForm()
    try:
        if not form.validate_on_submit():
            raise Invalid({name: str(errors[0]) for name, errors in form.errors.items()})
        commands.end_service(db(), person.id, form.on.data)
        flash("บันทึกวันสุดท้ายแล้ว บัญชีนี้เข้าสู่ระบบไม่ได้อีก")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("people.manage", code=code))


@blueprint.post("/admin/people/<code>/reset-password")
@roles_only(Role.ADMIN)
def reset_password(code: str) -> Response:
    """A one-time password, shown once."""
    person = queries.staff_by_code(db(), code)
    temporary = commands.reset_password(db(), person)
    flash(f"รหัสผ่านชั่วคราวของ {person.name} คือ {temporary} แจ้งเจ้าตัวโดยตรง ระบบจะให้ตั้งใหม่เมื่อเข้าครั้งแรก", "secret")
    return redirect(url_for("people.manage", code=code))
