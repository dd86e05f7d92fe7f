#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace nascent::examples {

enum class Align { left, right };  // numbers go right

struct Column {
  std::string title;
  Align align = Align::left;
};

// A table for a terminal:
//   Table table({{"edge"}, {"confidence", Align::right}});
//   table.row({"0 → 2", "31.20 %"});
//   std::cout << table.text();
class Table {
 public:
  explicit Table(std::vector<Column> columns);
  // Throws std::invalid_argument unless there is one cell a column.
  void row(std::vector<std::string> cells);
  // Title line, rule, rows: each ended by a newline, no trailing blanks.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// How many terminal cells UTF-8 text takes: accents add none, wide characters take two.
int display_width(std::string_view text);

}  // namespace nascent::examples
