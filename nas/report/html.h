#pragma once
// Small pieces of HTML text.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nascent::nas {

// Text fit for element content and for quoted attributes.
std::string escape(std::string_view text);

// <table> whose first column is a row heading. Cells are HTML already.
std::string html_table(const std::string& caption, const std::vector<std::string>& columns,
                       const std::vector<std::vector<std::string>>& rows);

// <section> with its heading and the sentence that says how to read it. `note` and `body` are HTML already.
std::string section(const std::string& id, const std::string& heading, const std::string& note,
                    const std::string& body);

// <details> that holds the numbers of a picture.
std::string numbers(const std::string& summary, const std::string& body);

}  // namespace nascent::nas
