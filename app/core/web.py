"""What every route needs of Flask: session, clock, parts made at start, forms that speak Thai."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, cast

from flask import Response as FlaskResponse
from flask import current_app, flash, g, request, send_file
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import DateField, Field, SelectChoice, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, StopValidation

from app.core.clock import Clock
from app.core.config import Config
from app.core.errors import Invalid, KhlangError, NotFound
from app.core.files import IMAGES, PDF, media_type
from app.core.thai import one_line, parse_date


def db() -> Session:
    """Database session of this request."""
    return cast(Session, g.db)


def config() -> Config:
    """Settings of the office."""
    return cast(Config, current_app.extensions["khlang.config"])


def base_url() -> str:
    """Address of the office as links outside pages carry it, without a last slash: the setting, else that of this request."""
    return config().base_url or request.host_url.rstrip("/")


def now() -> datetime:
    """The instant, aware UTC."""
    return cast(Clock, current_app.extensions["khlang.clock"]).now()


def today() -> date:
    """The Bangkok day."""
    return cast(Clock, current_app.extensions["khlang.clock"]).today()


def part(name: str) -> Any:
    """A part made once at start: desk, search, recorder, worker."""
    return current_app.extensions["khlang." + name]


def wants_json() -> bool:
    """The editor's scripts ask for JSON; people get pages."""
    return request.accept_mimetypes.best == "application/json"


def is_navigation() -> bool:
    """A person going to a page: not a prefetch, not an image or script that another page loads."""
    purpose = (request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")).lower()
    if "prefetch" in purpose or "prerender" in purpose or "preview" in purpose or request.headers.get("X-Moz"):
        return False
    mode, destination = (
        request.headers.get("Sec-Fetch-Mode", "navigate"),
        request.headers.get("Sec-Fetch-Dest", "document"),
    )
    return request.method == "GET" and mode == "navigate" and destination == "document"


class _Needed(DataRequired):  # type: ignore[misc]
    """DataRequired forgets why what was typed could not be read; this keeps it."""

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if field.errors:
            raise StopValidation
        super().__call__(form, field)


class _NeededNumber(InputRequired):  # type: ignore[misc]
    """As `_Needed`, but 0 is a number."""

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if field.errors:
            raise StopValidation
        super().__call__(form, field)


def needed_number(message: str) -> InputRequired:
    """Validator of a number, 0 too, with our own Thai sentence."""
    return _NeededNumber(message)


def needed(message: str) -> DataRequired:
    """Validator with our own Thai sentence."""
    return _Needed(message)


def one_line_filter(value: str | None) -> str:
    """Filter of text fields."""
    return one_line(value or "")


class ThaiDateField(DateField):  # type: ignore[misc]
    """A day: the browser's picker, or typed the Thai way (1 ต.ค. 2557, 31/1/2558, ๑ ต.ค. ๕๗)."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; keeps the text when it cannot be read."""
        self.data = None
        self.raw_data = valuelist
        if not valuelist or not valuelist[0].strip():
            return
        found = parse_date(valuelist[0])
        if found is None:
            raise ValueError("อ่านวันที่นี้ไม่ได้ พิมพ์เช่น 31/1/2558 หรือ 1 ต.ค. 2557")
        self.data = found


# Sentences of the form library that no field of ours says itself.
_IN_THAI = {
    "Not a valid integer value.": "ต้องเป็นจำนวนเต็ม เช่น 12",
    "Not a valid float value.": "ต้องเป็นตัวเลข เช่น 6 หรือ 1.5",
    "Not a valid decimal value.": "ต้องเป็นตัวเลข เช่น 6 หรือ 1.5",
    "Not a valid choice.": "โปรดเลือกจากรายการ",
    "Not a valid choice": "โปรดเลือกจากรายการ",
    "Invalid Choice: could not coerce.": "โปรดเลือกจากรายการ",
    "This field is required.": "โปรดใส่ช่องนี้",
}


class _Thai:
    """What the form library asks for its sentences."""

    def gettext(self, sentence: str) -> str:
        """One sentence."""
        return _IN_THAI.get(sentence, sentence)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A sentence with a number."""
        return self.gettext(one if number == 1 else many)


class House(FlaskForm):  # type: ignore[misc]
    """Base of every form. CSRF is checked once for every POST, not again by each form."""

    class Meta:
        """Settings of Flask-WTF."""

        csrf = False

        def get_translations(self, form: FlaskForm) -> _Thai:
            """Sentences of the library in Thai."""
            return _Thai()

    form_errors: list[str]

    def take(self, error: KhlangError, beside: str = "") -> int:
        """Put the errors of a command beside their fields, those of no field on top; returns the status to answer with.

        An error that names no field stands `beside` one, so that what was typed is shown again with it.
        """
        if not isinstance(error, Invalid):
            error, status = Invalid({beside: error.message}), error.status
        else:
            status = error.status
        for name, message in error.fields.items():
            target = self._fields.get(name)
            if target is None:
                self.form_errors = [*self.form_errors, message]
            else:
                target.errors = [*target.errors, message]
        return status


def whole(text: str | None) -> int:
    """A number of at most nine digits as typed in an address or a form; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def ticked(name: str) -> set[int]:
    """Numbers ticked in a list of check boxes."""
    return {whole(value) for value in request.form.getlist(name)} - {0}


def offered(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """Choices of a select field from (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]


def text_field(label: str, *validators: Any, **options: Any) -> StringField:
    """One-line text, cleaned."""
    return StringField(label, validators=list(validators), filters=[one_line_filter], **options)


def flash_invalid(error: Invalid) -> None:
    """Say what was wrong where there is no field to say it beside."""
    for message in error.fields.values():
        flash(message, "error")


def not_future(form: FlaskForm, field: Field) -> None:
    """Validator: a day that has come."""
    if field.data and field.data > today():
        raise ValidationError("วันที่ต้องไม่เป็นวันในอนาคต")


def keep_scan(sent: Any) -> str | None:
    """Keep an uploaded photo or PDF of a paper; its sha256, None when nothing was sent. Raises Invalid for other files."""
    content = sent.read() if sent else b""
    if not content:
        return None
    wrong = Invalid({"file": "แนบเป็นภาพถ่ายหรือ PDF เท่านั้น"})
    try:
        kind = media_type(content)
    except Invalid as error:
        raise wrong from error
    if kind not in IMAGES | {PDF}:
        raise wrong
    return str(part("files").keep(content).sha256)


def send_kept(sha256: str, kind: str, name: str, missing: str, *, save: bool = False) -> FlaskResponse:
    """A file of the store as an answer: pictures are shown, all else is saved under `name` (with `save` pictures too), nothing in it may run.

    Raises NotFound with the sentence `missing` when its bytes are gone. The caller has checked who may have it.
    """
    path = part("files").path(sha256)
    if not path.exists():
        raise NotFound(missing)
    response = send_file(
        path, mimetype=kind, as_attachment=save or kind not in IMAGES, download_name=name, conditional=False, etag=False
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def add_security_headers(response: Response) -> Response:
    """Headers of every answer; a route may set its own policy first."""
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), camera=()")
    headers.setdefault("Cache-Control", "private, no-cache")
    return response
