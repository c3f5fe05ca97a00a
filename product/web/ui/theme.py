"""The page's theme. It uses fonts of the reader's system, so that nothing is loaded from another server."""

import gradio as gr

FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "PingFang SC",
    "Microsoft YaHei",
    "sans-serif",
)
MONOSPACE_FONTS = ("ui-monospace", "Menlo", "Consolas", "monospace")
COLOURS = {
    "body_background_fill": "#f6f7f9",
    "body_background_fill_dark": "#10141c",
    "block_info_text_color": "#55606f",
    "block_info_text_color_dark": "#a6b0c0",
    "block_label_text_color": "#1b2330",
    "block_label_text_color_dark": "#e8ecf3",
    "block_title_text_color": "#1b2330",
    "block_title_text_color_dark": "#e8ecf3",
    "input_background_fill": "#ffffff",
    "input_background_fill_dark": "#191f2a",
    "input_border_color": "#c9d0da",
    "input_border_color_dark": "#3a4558",
    "input_placeholder_color": "#667085",
    "input_placeholder_color_dark": "#98a3b4",
    "block_background_fill": "#ffffff",
    "block_background_fill_dark": "#191f2a",
    "button_primary_background_fill": "#3a45c4",
    "button_primary_background_fill_hover": "#2f39a8",
    "button_primary_background_fill_dark": "#4c57d6",
    "button_primary_background_fill_hover_dark": "#5a65e3",
    "button_primary_text_color": "#ffffff",
    "button_primary_text_color_dark": "#ffffff",
}


def theme() -> gr.themes.Base:
    base = gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=[gr.themes.Font(name) for name in FONTS],
        font_mono=[gr.themes.Font(name) for name in MONOSPACE_FONTS],
    )
    return base.set(**COLOURS)
