#include "examples/support/table.h"

#include <clocale>
#include <cwchar>
#include <stdexcept>

namespace nascent::examples {
namespace {

// The C library's own width table, whatever the user's locale is.
locale_t utf8_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

struct InLocale {  // of this thread, until the end of the block
  explicit InLocale(locale_t locale) : before(uselocale(locale)) {}
  ~InLocale() { uselocale(before); }
  InLocale(const InLocale&) = delete;
  InLocale& operator=(const InLocale&) = delete;
  locale_t before;
};

void append_line(std::string& text, const std::vector<std::string>& cells, const std::vector<Column>& columns,
                 const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string blanks(static_cast<std::size_t>(widths[i] - display_width(cells[i])), ' ');
    if (i > 0) line += "  ";
    line += columns[i].align == Align::right ? blanks + cells[i] : cells[i] + blanks;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

}  // namespace

int display_width(std::string_view text) {
  if (utf8_locale() == nullptr) return static_cast<int>(text.size());
  const InLocale scope(utf8_locale());
  int width = 0;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t character = 0;
    const std::size_t bytes = std::mbrtowc(&character, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) {  // NUL, or no UTF-8: one cell, as terminals show it
      state = {};
      text.remove_prefix(1);
      ++width;
      continue;
    }
    text.remove_prefix(bytes);
    const int cells = wcwidth(character);
    width += cells < 0 ? 1 : cells;
  }
  return width;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) {
    throw std::invalid_argument("[table] expected " + std::to_string(columns_.size()) + " cells a row, got " +
                                std::to_string(cells.size()));
  }
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::string> titles, rules;
  std::vector<int> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    int width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    titles.push_back(columns_[i].title);
    rules.emplace_back(static_cast<std::size_t>(width), '-');
    widths.push_back(width);
  }
  std::string text;
  append_line(text, titles, columns_, widths);
  append_line(text, rules, columns_, widths);
  for (const auto& row : rows_) append_line(text, row, columns_, widths);
  return text;
}

}  // namespace nascent::examples
