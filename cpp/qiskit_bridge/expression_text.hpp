// An expression of parameters as Qiskit writes it, which is all that its C API shows of one. To be included behind
// qiskit.h.
#pragma once

#include <memory>
#include <string_view>

namespace ketjet::qiskit_bridge {

class ExpressionText {
 public:
    explicit ExpressionText(const QkParam* parameter) : text_(qk_param_str(parameter)) {}
    std::string_view view() const { return text_.get(); }

 private:
    struct Free {
        void operator()(char* text) const { qk_str_free(text); }
    };
    std::unique_ptr<char, Free> text_;
};

}  // namespace ketjet::qiskit_bridge
