"""Every margin and size of the window, once. Device-independent pixels."""

from __future__ import annotations

# the window
WINDOW_WIDTH = 1280
WINDOW_HEIGHT = 800
WINDOW_LEAST_WIDTH = 420
WINDOW_LEAST_HEIGHT = 420
HISTORY_WIDTH = 248
HISTORY_LEAST = 180
PANEL_WIDTH = 300
PANEL_LEAST = 276
PANE_LEAST = 320
PANE_COMFORTABLE = 480  # from here down the sides shrink
PANEL_FROM = 785  # width of the window below which the parameters give way
HISTORY_FROM = 600  # and the list
BAR_HEIGHT = 44
GAP = 8
GAP_SMALL = 4
GAP_LARGE = 16
FIELD_WIDTH = 76

# the list of conversations
HISTORY_ROW = 40  # as high as two lines of the usual font; larger fonts make it higher
HISTORY_INDENT = 14  # of conversations in a folder
HISTORY_MARK = 3  # width of the bar at the open one
HISTORY_FOLD = 14  # side of the triangle of a header
TAG_PADDING = 5
TAG_RADIUS = 4

# the conversation
COLUMN_WIDTH = 860  # widest column of text
COLUMN_MARGIN = 24
MESSAGE_GAP = 18
BLOCK_GAP = 9
ITEM_GAP = 4  # between neighbours in one list
HEADER_HEIGHT = 26
FOLD_LINE = 30  # the line above thoughts
FOOTER_HEIGHT = 30
PROMPT_PADDING = 12
RADIUS = 8
INDENT = 24
QUOTE_INDENT = 16
QUOTE_BAR = 3
HEADING_SPACE = 8
RULE_HEIGHT = 17
CELL_PADDING_X = 10
CELL_PADDING_Y = 6
CELL_LEAST = 60
CELL_COMFORTABLE = 140  # the width below which a table scrolls sideways instead of breaking lines
CELL_MEASURED = 400  # characters of a cell that say how wide it wants to be
CODE_PADDING = 12
CODE_PADDING_Y = 9
CODE_HEADER = 32
CODE_SCROLLBAR = 10
CODE_FOLD = 30  # the bar under a folded block
CODE_FOLDED_LINES = 24  # lines that a folded block shows
CODE_FOLDS_FROM = 200  # lines above which it is folded
GUTTER_PADDING = 10
TAB_STOP = 4  # columns
BUTTON = 26
ICON = 16
PANEL_PADDING = 12
FOLLOW_SLACK = 4  # pixels from the end that still count as its end

# the composer
COMPOSER_LEAST_LINES = 1
COMPOSER_MOST_LINES = 14
COMPOSER_MARGIN = 16
CHIP_NAME_WIDTH = 220
CHIP_LEAST = 140  # wide a row of chips or buttons has to be; wider ones are clipped
ICON_SMALL = 12

# the empty conversation
SUGGESTION_HEIGHT = 64
TWO_COLUMNS_FROM = 520

# dialogs
DIALOG_WIDTH = 560

# progress
PROGRESS_HEIGHT = 4
