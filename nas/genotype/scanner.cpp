#include "nas/genotype/scanner.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "engine/tensor/error.h"

namespace nascent::nas {
namespace {

// Sixty-four genes a cell take about 4 KB.
constexpr std::size_t longest_text = 64 * 1024;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

Scanner::Scanner(std::string_view text, std::string origin) : text_(text), origin_(std::move(origin)) {
  if (text_.size() > longest_text)
    throw DataError(fmt::format("{}: {} bytes are too long for an architecture; the limit is {}.", origin_,
                                text_.size(), longest_text));
  if (at_end()) throw DataError(origin_ + ": empty, there is no architecture in it.");
}

void Scanner::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool Scanner::at_end() {
  skip_space();
  return at_ == text_.size();
}

char Scanner::peek() { return at_end() ? '\0' : text_[at_]; }

bool Scanner::accept(char wanted) {
  if (at_end() || text_[at_] != wanted) return false;
  token_ = at_++;
  return true;
}

std::string Scanner::here() {
  if (at_end()) return "the end";
  const char c = text_[at_];
  return c >= ' ' && c <= '~' ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

void Scanner::expect(char wanted, const char* after) {
  if (!accept(wanted)) fail(fmt::format("expected '{}' after {}, got {}", wanted, after, here()));
}

std::string Scanner::word(const char* what) {
  skip_space();
  token_ = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  if (at_ == token_) fail(fmt::format("expected {}, got {}", what, here()));
  return std::string(text_.substr(token_, at_ - token_));
}

std::string Scanner::quoted(const char* what) {
  const char quote = peek();
  if (quote != '\'' && quote != '"') fail(fmt::format("expected {} in quotes, got {}", what, here()));
  token_ = at_;
  const std::size_t end = text_.find(quote, at_ + 1);
  if (end == std::string_view::npos) fail(fmt::format("the quote of {} is never closed", what));
  const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  for (char c : inside)
    if (!is_word(c)) fail_at_token(fmt::format("expected letters, digits and '_' in {}", what));
  return std::string(inside);
}

int Scanner::integer(const char* what) {
  skip_space();
  token_ = at_;
  int value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error == std::errc::result_out_of_range) fail(fmt::format("{} is too large a number", what));
  if (error != std::errc{}) fail(fmt::format("expected {} as a whole number, got {}", what, here()));
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

double Scanner::number(const char* what) {
  skip_space();
  token_ = at_;
  double value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) fail(fmt::format("expected {} as a number, got {}", what, here()));
  at_ = static_cast<std::size_t>(end - text_.data());
  return value;
}

void Scanner::expect_end(const char* after) {
  if (!at_end()) fail(fmt::format("expected nothing after {}, got {}", after, here()));
}

void Scanner::fail(const std::string& problem) const {
  throw DataError(fmt::format("{}: {} at character {}.", origin_, problem, at_));
}

void Scanner::fail_at_token(const std::string& problem) const {
  throw DataError(fmt::format("{}: {} at character {}.", origin_, problem, token_));
}

}  // namespace nascent::nas
