#pragma once
// Reads the few Python literals that architectures are printed in, one token at a time, and says what it expected at
// which character when they are not there.
#include <string>
#include <string_view>

namespace nascent::nas {

class Scanner {
 public:
  // DataError, opened by `origin`, when the text is empty or longer than any architecture is.
  Scanner(std::string_view text, std::string origin);

  bool at_end();
  // The next character after white space, or '\0' at the end.
  char peek();
  bool accept(char wanted);
  void expect(char wanted, const char* after);
  // letters, digits and '_'
  std::string word(const char* what);
  // 'quoted' or "quoted", without escapes: no operation has any
  std::string quoted(const char* what);
  int integer(const char* what);
  double number(const char* what);
  void expect_end(const char* after);
  // "origin: problem at character n". Characters count from 0 in the text as given.
  [[noreturn]] void fail(const std::string& problem) const;
  // As fail, but at the start of the token that was read last.
  [[noreturn]] void fail_at_token(const std::string& problem) const;
  // What stands here, for messages: a character in quotes or "the end".
  std::string here();

 private:
  void skip_space();
  std::string_view text_;
  std::string origin_;
  std::size_t at_ = 0;
  std::size_t token_ = 0;
};

}  // namespace nascent::nas
