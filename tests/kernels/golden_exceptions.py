"""Cases in which the engine shows something else than the Excel that made the goldens, and why.

That Excel was a Japanese one; ours reads and writes as the US edition does.
"""

from __future__ import annotations

_REASONS: dict[str, tuple[str, str]] = {
    "CODE and CHAR use the Japanese code page": (
        "code_char_jp_probes",
        """code_halfwidth_kata_a code_halfwidth_kata_wo code_halfwidth_kata_dakuten code_hira_a
        code_hira_n code_kata_a code_kata_vu code_fullwidth_A code_fullwidth_zero
        code_fullwidth_space code_kanji_ichi code_kanji_kanji code_kanji_takahashi_high
        code_jp_period code_jp_comma code_jp_open_kakko code_jp_yen_fullwidth code_emoji_smile
        code_chinese_only code_first_char_only char_halfwidth_kata_177 char_dbcs_hira_a
        char_dbcs_kata_a char_dbcs_kanji_ichi round_trip_char_code_hira
        round_trip_char_code_kata""",
    ),
    "the code page again": ("text", "char_high_byte"),
    "these letters have two bytes in the Japanese edition, one in the US edition": (
        "text",
        "lenb_latin_extended lenb_circled_digit",
    ),
    "the last of 15 digits": ("complex", "imcsc_one_plus_i"),
    "DOLLAR writes yen without decimals": (
        "text",
        "dollar_positive dollar_negative_minus_sign dollar_zero dollar_negative_decimals",
    ),
    "eras, kanji and years first in Japanese dates and times": (
        "datevalue_timevalue",
        """datevalue_kanji_with_terminator datevalue_two_digit_year_2020s
        datevalue_two_digit_year_1990s datevalue_era_reiwa_full datevalue_era_heisei_full
        datevalue_era_reiwa_first_day datevalue_era_showa_full datevalue_era_taisho_full
        datevalue_era_meiji_full datevalue_era_r_abbrev datevalue_era_h_abbrev
        datevalue_era_s_abbrev datevalue_era_heisei_year_too_high_is_value
        datevalue_era_reiwa_pre_start_is_value datevalue_fullwidth_digits_kanji
        timevalue_jp_kanji_units timevalue_jp_kanji_units_with_seconds""",
    ),
    "full-width spaces are trimmed everywhere, not only by VALUE": (
        "datevalue_timevalue",
        "datevalue_fullwidth_space_trimmed",
    ),
    "month-first dates are dates in the US edition only, kanji in the Japanese only": (
        "value_coercion_probes",
        """value_hyphen_date_1 value_hyphen_date_2 value_slash_date_short value_slash_date_full
        value_jajp_date_kanji_ymd value_time_kanji""",
    ),
    "a euro sign after the number is no currency in the US edition": (
        "value_coercion_probes",
        "value_euro_suffix_integer value_euro_suffix_small",
    ),
    "half-width kana name another column for criteria, though nowhere else": (
        "dfunc_kana_folding_probes",
        "dsum_criteria_header_halfwidth_vs_fullwidth_db_header",
    ),
    "the sign ! escapes in the Japanese edition": ("text_format", "text_four_section_text"),
    "the empty text was typed into the cell, which left it blank": (
        "countif",
        "countif_wildcard_star_alone_text_only",
    ),
    "the text 123 was typed into the cell, which made it a number": (
        "lookup_kana_folding_probes",
        "match_exact_fullwidth_digits",
    ),
}

EXCEPTIONS: dict[str, str] = {
    f"{suite}/{name}": reason
    for reason, (suite, names) in _REASONS.items()
    for name in names.split()
}
"""suite/name → why it differs."""

_PLAIN: dict[str, tuple[str, str]] = {
    "a plain formula takes of an area what stands in its own row or column": (
        "implicit_intersection",
        """bare_col_range_row_excluded bare_row_range_col_excluded round_col_range_row_excluded
        round_row_range_col_excluded bare_2d_range_no_alignment arith_col_range_plus_row_range
        bare_2d_range_row_aligned_col_not bare_2d_range_col_aligned_row_not""",
    ),
    "so does one with an area that INDEX returns": ("lookup", "index_zero_col"),
    "and with areas that OFFSET returns": ("lowrisk_probes", "offset_neg_width"),
    "OFFSET's areas once more": (
        "offset_indirect_probes",
        "offset_neg_height_in_bounds offset_neg_width_in_bounds",
    ),
    "and in arithmetic": ("operators", "range_plus_scalar_at_excluded_row"),
    "areas of OFFSET again": (
        "references",
        "offset_multi_cell_scalar_top_left offset_negative_height_walks_up",
    ),
    "ROW of an area is one number in a plain formula": ("shape", "sum_of_row_over_vertical_range"),
}

PLAIN_EXCEPTIONS: dict[str, str] = {
    f"{suite}/{name}": reason for reason, (suite, names) in _PLAIN.items() for name in names.split()
}
"""suite/name → why it differs where the formula is stored as a plain one."""
