#pragma once
// "Did you mean": the known word a person most likely meant, for error messages.
#include <span>
#include <string>
#include <string_view>

namespace nascent::nas {

// The candidate at the smallest edit distance from `word`, or "" when none is near enough (more than a third of the
// word would have to change) to be worth printing.
std::string closest_word(std::string_view word, std::span<const std::string> candidates);

// " Did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// A word somebody typed, fit to be quoted in a one-line message: 40 characters at most, control characters as '?'.
std::string printable(std::string_view word);

// "a, b, c"
std::string comma_list(std::span<const std::string> words);

}  // namespace nascent::nas
