"""The colours of the window, by what they mean, and how they become a palette and a style sheet.

Set by ourselves: offscreen and on most X11 desktops `setColorScheme` has no effect.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from coderapp.core.resources import resource_path


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb. Text colours meet WCAG AA on the backgrounds they stand on."""

    name: str
    window: str
    surface: str
    surface_alt: str
    sidebar: str
    field: str
    border: str
    border_strong: str
    text: str
    text_muted: str
    accent: str
    accent_text: str
    hover: str
    pressed: str
    current: str
    selection: str
    selection_text: str
    found: str
    found_here: str
    found_text: str
    focus_ring: str
    link: str
    error: str
    error_background: str
    error_border: str
    warning: str
    warning_background: str
    success: str
    quote_bar: str
    table_header: str
    inline_code: str
    code_background: str
    code_header: str
    code_text: str
    code_keyword: str
    code_name: str
    code_function: str
    code_type: str
    code_tag: str
    code_attribute: str
    code_string: str
    code_number: str
    code_comment: str
    code_operator: str
    code_decorator: str
    code_builtin: str
    code_inserted: str
    code_deleted: str

    def code_colours(self) -> tuple[str, ...]:
        """In the order of `text.highlight.TokenClass`."""
        return (
            self.code_text,
            self.code_keyword,
            self.code_name,
            self.code_function,
            self.code_type,
            self.code_tag,
            self.code_attribute,
            self.code_string,
            self.code_number,
            self.code_comment,
            self.code_operator,
            self.code_decorator,
            self.code_builtin,
            self.code_inserted,
            self.code_deleted,
        )


@cache
def load(name: str) -> Theme:
    """The theme "light" or "dark", from `resources/themes`."""
    colours = json.loads(resource_path("themes", f"{name}.json").read_text(encoding="utf-8"))
    return Theme(name, **colours)


def chosen(setting: str) -> Theme:
    """The theme for the setting "system", "light" or "dark"."""
    if setting == "system":
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return load("dark" if dark else "light")
    return load(setting)


def palette(theme: Theme) -> QPalette:
    """For Fusion, so that every standard control follows the theme."""
    made = QPalette()
    role = QPalette.ColorRole
    for target, colour in (
        (role.Window, theme.window),
        (role.WindowText, theme.text),
        (role.Base, theme.field),
        (role.AlternateBase, theme.surface_alt),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.text_muted),
        (role.Button, theme.field),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.error),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.accent_text),
        (role.Link, theme.link),
        (role.LinkVisited, theme.link),
        (role.ToolTipBase, theme.surface_alt),
        (role.ToolTipText, theme.text),
        (role.Light, theme.hover),
        (role.Midlight, theme.border),
        (role.Mid, theme.border_strong),
        (role.Dark, theme.border_strong),
        (role.Shadow, theme.border),
    ):
        made.setColor(target, QColor(colour))
    faded = QColor(theme.text_muted)
    for target in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, target, faded)
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.border))
    return made


FIELDS = ("QAbstractSpinBox", "QLineEdit", "QComboBox", "QPlainTextEdit", "QSpinBox", "QDoubleSpinBox")
"""Classes whose outline Fusion derives from the window's colour, 1.4 times darker: invisible in a dark theme."""


def field_palette(theme: Theme) -> QPalette:
    """For the classes in FIELDS: the outline becomes `border_strong`."""
    made = palette(theme)
    made.setColor(QPalette.ColorRole.Window, QColor(theme.border_strong).lighter(140))
    return made


def style_sheet(theme: Theme) -> str:
    """What the palette can't say. Selectors name object names and the dynamic property `kind`."""
    tick = resource_path("icons", f"tick-{theme.name}.svg").as_posix()
    return f"""
    QToolTip {{ color: {theme.text}; background: {theme.surface_alt}; border: 1px solid {theme.border}; padding: 3px; }}
    QSplitter::handle {{ background: {theme.border}; }}
    QLabel[kind="muted"] {{ color: {theme.text_muted}; }}
    QLabel[kind="strong"] {{ font-weight: 600; }}
    QLabel[kind="section"] {{ color: {theme.text_muted}; font-weight: 600; }}
    QLabel[kind="error"] {{ color: {theme.error}; }}
    QLabel[kind="success"] {{ color: {theme.success}; }}
    QLabel[kind="advice"] {{ color: {theme.warning}; background: {theme.warning_background};
        border-radius: 4px; padding: 5px 7px; }}
    QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 3px; background: transparent; }}
    QToolButton:hover {{ background: {theme.hover}; }}
    QToolButton:pressed, QToolButton:checked {{ background: {theme.pressed}; }}
    QToolButton:focus {{ border-color: {theme.focus_ring}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QPushButton {{ border: 1px solid {theme.border_strong}; border-radius: 5px; padding: 4px 12px;
        background: {theme.field}; color: {theme.text}; }}
    QPushButton:hover {{ background: {theme.hover}; }}
    QPushButton:pressed {{ background: {theme.pressed}; }}
    QPushButton:focus {{ border-color: {theme.focus_ring}; }}
    QPushButton:disabled {{ color: {theme.text_muted}; border-color: {theme.border}; }}
    QPushButton[kind="primary"] {{ background: {theme.accent}; color: {theme.accent_text};
        border-color: {theme.accent}; font-weight: 600; }}
    QPushButton[kind="primary"]:focus {{ border: 2px solid {theme.text}; }}
    QPushButton[kind="primary"]:disabled {{ background: {theme.border}; color: {theme.text_muted};
        border-color: {theme.border}; }}
    QPushButton[kind="suggestion"] {{ text-align: left; padding: 9px 12px; border-color: {theme.border};
        background: {theme.surface_alt}; border-radius: 8px; }}
    QPushButton[kind="suggestion"]:hover {{ border-color: {theme.accent}; }}
    QPushButton[kind="suggestion"]:focus {{ border-color: {theme.focus_ring}; }}
    #historySidebar, #parameterPanel, #parameterContents {{ background: {theme.sidebar}; }}
    #conversationPane, #emptyState {{ background: {theme.surface}; }}
    #paneBar {{ background: {theme.surface}; border-bottom: 1px solid {theme.border}; }}
    #composerFrame {{ background: {theme.field}; border: 1px solid {theme.border_strong}; border-radius: 10px; }}
    #composerFrame[focused="true"] {{ border-color: {theme.focus_ring}; }}
    #historyFoot {{ border-top: 1px solid {theme.border}; }}
    QToolButton[kind="foot"] {{ color: {theme.text_muted}; padding: 5px 8px; text-align: left; }}
    QToolButton[kind="foot"]:checked {{ color: {theme.text}; }}
    QToolButton[kind="foot"][over="true"] {{ background: {theme.selection}; color: {theme.selection_text}; }}
    #historyList, #trashList {{ background: transparent; border: none; outline: 0; }}
    QScrollBar {{ background: transparent; border: none; margin: 0; }}
    QScrollBar:vertical {{ width: 12px; }}
    QScrollBar:horizontal {{ height: 12px; }}
    QScrollBar::handle {{ background: {theme.border_strong}; border-radius: 4px; margin: 2px; }}
    QScrollBar::handle:vertical {{ min-height: 36px; }}
    QScrollBar::handle:horizontal {{ min-width: 36px; }}
    QScrollBar::handle:hover {{ background: {theme.text_muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
        border: none; width: 0; height: 0; }}
    QSlider:horizontal {{ min-height: 18px; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {theme.border}; }}
    QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {theme.border_strong}; }}
    QSlider[sent="true"]::sub-page:horizontal {{ background: {theme.accent}; }}
    QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 7px;
        background: {theme.field}; border: 1px solid {theme.border_strong}; }}
    QSlider[sent="true"]::handle:horizontal {{ background: {theme.accent}; border-color: {theme.accent}; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {theme.focus_ring}; }}
    QCheckBox {{ spacing: 6px; }}
    QCheckBox::indicator, QListView::indicator {{ width: 13px; height: 13px; border-radius: 4px;
        border: 1px solid {theme.border_strong}; background: {theme.field}; }}
    QCheckBox::indicator:checked, QListView::indicator:checked {{ background: {theme.accent};
        border-color: {theme.accent}; image: url("{tick}"); }}
    QCheckBox::indicator:focus {{ border: 2px solid {theme.focus_ring}; width: 11px; height: 11px; }}
    QRadioButton {{ spacing: 6px; }}
    QRadioButton::indicator {{ width: 13px; height: 13px; border-radius: 7px;
        border: 1px solid {theme.border_strong}; background: {theme.field}; }}
    QRadioButton::indicator:checked {{ width: 5px; height: 5px; border: 5px solid {theme.accent};
        background: {theme.accent_text}; }}
    QRadioButton::indicator:unchecked:focus {{ border: 2px solid {theme.focus_ring}; width: 11px; height: 11px; }}
    QRadioButton:focus {{ text-decoration: underline; }}
    #composerEdit, #composerEdit:focus {{ background: transparent; border: none; padding: 0; }}
    QProgressBar {{ border: none; border-radius: 2px; background: {theme.border}; }}
    QProgressBar::chunk {{ border-radius: 2px; background: {theme.accent}; }}
    #noticeBar {{ background: {theme.surface_alt}; border: 1px solid {theme.border_strong}; border-radius: 8px; }}
    """
