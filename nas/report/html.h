#pragma once
// Small pieces of HTML text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nascent::nas {

// Text fit for element content and for quoted attributes.
std::string escape(std::string_view text);

// What is not measured is a dash in each of these.
std::string grouped(std::int64_t number);              // 1,930,618
std::string percent(double fraction, int digits = 2);  // 91.42 %
std::string rounded(double value, int digits);         // 0.3125
std::string duration(double seconds);                  // 4 min 12 s

// <table> whose first column is a row heading. Cells are HTML already.
std::string html_table(const std::string& caption, const std::vector<std::string>& columns,
                       const std::vector<std::vector<std::string>>& rows);

// <section> with its heading and the sentence that says how to read it. `note` and `body` are HTML already.
std::string section(const std::string& id, const std::string& heading, const std::string& note,
                    const std::string& body);

// <details> that holds the numbers of a picture.
std::string numbers(const std::string& summary, const std::string& body);

}  // namespace nascent::nas
