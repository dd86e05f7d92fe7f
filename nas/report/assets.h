#pragma once
// Text files that are part of the page, embedded by embed.cmake when the library is built.
#include <string_view>

namespace nascent::nas {

extern const std::string_view page_html, page_css, page_js;
extern const std::string_view dygraphs_js, dygraphs_css, dygraphs_licence;

}  // namespace nascent::nas
