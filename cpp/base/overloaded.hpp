// A visitor made of lambdas, one for each alternative of a variant. Without a generic one among them, a new alternative
// does not compile until it has its own.
#pragma once

namespace ketjet {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace ketjet
