### English: the language every other one falls back to, message by message.
###
### A message is named by who hears it and what happened since they last heard, in lower case:
### `customer-accepted-preparing` tells a customer, in one sentence, that an order was accepted and
### is now being prepared. Its `.title` is a push title or an e-mail subject. Its `.text` is all the
### rest: the body of a push or an e-mail, a whole text message. An `.sms` replaces `.text` in text
### messages where that needs other words.
###
### The words for PLACED, ACCEPTED, PREPARING are looked for under
###   1. `customer-placed-accepted-preparing`   the whole path
###   2. `customer-accepted-preparing`          without its oldest status, and so on,
###   3. `customer-preparing`                   down to the newest status, which every status has
### first in the reader's language (es-MX on top of es), then here. Whatever has no words anywhere is
### told as `customer-news`. So a new status needs one message here for each role that is told it;
### a path needs one only where the newest status alone would leave something out.
###
### A new language is this file translated, saved beside it as `fr.ftl` or `pt-BR.ftl`. Nothing else.
###
### What may be said:
###   $merchant_name  with $has_merchant_name  yes or no
###   $order_id       with $has_order_id       yes or no
###   $eta_minutes, 0 to 89, and $eta_hours, 2 to 24,  with $eta  minutes, hours or unknown
### Any of them may be unknown, and the sentence has to read well without.
###
### Keep to one text message: 160 characters with a name of 30, straight quotes, plain dashes.
### Keep names away from a full stop: some end with one of their own.

## Parts of sentences. Each brings its own leading space, so that nothing remains when it is unknown.

from-merchant = { $has_merchant_name ->
    [yes] { " " }from { $merchant_name }
   *[no] { "" }
}
at-merchant = { $has_merchant_name ->
    [yes] { " " }at { $merchant_name }
   *[no] { "" }
}
should-arrive = { $eta ->
    [minutes] { " " }It should be with you { $eta_minutes ->
        [0] any moment now
        [one] in about a minute
       *[other] in about { $eta_minutes } minutes
    }.
    [hours] { " " }It should be with you in about { $eta_hours } hours.
   *[unknown] { "" }
}
numbered = { $has_order_id ->
    [yes] { " " }{ $order_id }
   *[no] { "" }
}
an-order = { $has_order_id ->
    [yes] Order { $order_id }
   *[no] An order
}

## To the customer

customer-placed =
    .title = Order{ from-merchant } placed
    .text = Thank you. Your order{ from-merchant } has been placed and is waiting to be accepted.{ should-arrive }

customer-placed-accepted =
    .title = Order{ from-merchant } placed and accepted
    .text = { $has_merchant_name ->
        [yes] Thank you for your order. { $merchant_name } has accepted it.{ should-arrive }
       *[no] Thank you. Your order has been placed and accepted.{ should-arrive }
    }

customer-placed-preparing =
    .title = { customer-placed-accepted-preparing.title }
    .text = { customer-placed-accepted-preparing.text }

customer-placed-accepted-preparing =
    .title = Order{ from-merchant } being prepared
    .text = { $has_merchant_name ->
        [yes] Thank you for your order. { $merchant_name } has accepted it and is preparing it now.{ should-arrive }
       *[no] Thank you for your order. It has been accepted and is being prepared now.{ should-arrive }
    }

customer-accepted =
    .title = Order accepted
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } has accepted your order.{ should-arrive }
       *[no] Your order has been accepted.{ should-arrive }
    }

customer-accepted-preparing =
    .title = Accepted and being prepared
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } has accepted your order and is preparing it now.{ should-arrive }
       *[no] Your order has been accepted and is being prepared now.{ should-arrive }
    }

customer-accepted-ready_for_pickup =
    .title = Accepted and ready to go
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } has accepted your order and has it ready to go.{ should-arrive }
       *[no] Your order has been accepted and is ready to go.{ should-arrive }
    }

customer-accepted-preparing-ready_for_pickup =
    .title = Prepared and ready to go
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } has accepted and prepared your order, and it is ready to go.{ should-arrive }
       *[no] Your order has been accepted and prepared, and it is ready to go.{ should-arrive }
    }

customer-preparing =
    .title = Being prepared
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } is preparing your order now.{ should-arrive }
       *[no] Your order is being prepared now.{ should-arrive }
    }

customer-preparing-ready_for_pickup =
    .title = Prepared and ready to go
    .text = { $has_merchant_name ->
        [yes] { $merchant_name } has prepared your order, and it is ready to go.{ should-arrive }
       *[no] Your order has been prepared and is ready to go.{ should-arrive }
    }

customer-ready_for_pickup =
    .title = Ready to go
    .text = Your order{ from-merchant } is ready to go.{ should-arrive }

customer-out_for_delivery =
    .title = On its way
    .text = Your order{ from-merchant } is on its way.{ should-arrive }

customer-nearby =
    .title = Almost there
    .text = Your order{ from-merchant } is just around the corner.{ should-arrive }

customer-delivered =
    .title = Order{ from-merchant } delivered
    .text = Your order{ from-merchant } has been delivered. Enjoy your meal.

customer-cancelled =
    .title = Order{ from-merchant } cancelled
    .text = Your order{ from-merchant } has been cancelled. We are sorry that it did not work out this time.

customer-news =
    .title = News of your order
    .text = There is news of your order{ from-merchant }: open the app to see it.

## To the merchant, at work: what to do comes with what happened.

merchant-placed =
    .title = New order{ numbered }
    .text = { $has_order_id ->
        [yes] Order { $order_id } has come in{ at-merchant } and is waiting for you to accept it.
       *[no] A new order has come in{ at-merchant } and is waiting for you to accept it.
    }

merchant-delivered =
    .title = Order{ numbered } delivered
    .text = { an-order }{ from-merchant } has reached the customer. Thank you.

merchant-cancelled =
    .title = Order{ numbered } cancelled
    .text = { $has_order_id ->
        [yes] Order { $order_id }{ at-merchant } has been cancelled. Please stop working on it.
       *[no] An order{ at-merchant } has been cancelled. Please check your open orders.
    }

merchant-news =
    .title = News of an order
    .text = { $has_order_id ->
        [yes] There is news of order { $order_id }{ at-merchant }: please check your open orders.
       *[no] There is news of an order{ at-merchant }: please check your open orders.
    }

## To the courier, on the road: where to go, or not to.

courier-ready_for_pickup =
    .title = Ready for pickup
    .text = { an-order }{ at-merchant } is ready for you to pick up.

courier-cancelled =
    .title = Order{ numbered } cancelled
    .text = { $has_order_id ->
        [yes] Order { $order_id }{ from-merchant } has been cancelled. You no longer need to deliver it.
       *[no] An order{ from-merchant } has been cancelled. Please check your deliveries before you go on.
    }

courier-news =
    .title = News of an order
    .text = { $has_order_id ->
        [yes] There is news of order { $order_id }{ from-merchant }: please check your deliveries.
       *[no] There is news of an order{ from-merchant }: please check your deliveries.
    }

## Moments

moment-now = just now

## E-mails: what the link to the preferences is called.

mail-preferences = Choose which e-mails you get

## The page that this link leads to. `$channel` is `email` or `sms`, `$choice` is `everything`, `records`
## (when an order is placed, delivered or cancelled) or `nothing`.

choices-title = Updates about your orders
choices-get = { $channel ->
    [sms] { $choice ->
        [everything] By text message you get every update we have for you there.
        [records] By text message you get only the updates to keep: when an order is placed, delivered or cancelled.
       *[nothing] By text message you get nothing.
    }
   *[email] { $choice ->
        [everything] By e-mail you get every update we have for you there.
        [records] By e-mail you get only the updates to keep: when an order is placed, delivered or cancelled.
       *[nothing] By e-mail you get nothing.
    }
}
choices-saved = { $channel ->
    [sms] { $choice ->
        [everything] Saved. By text message you now get every update we have for you there.
        [records] Saved. By text message you now get only the updates to keep: when an order is placed, delivered or cancelled.
       *[nothing] Saved. By text message you now get nothing.
    }
   *[email] { $choice ->
        [everything] Saved. By e-mail you now get every update we have for you there.
        [records] Saved. By e-mail you now get only the updates to keep: when an order is placed, delivered or cancelled.
       *[nothing] Saved. By e-mail you now get nothing.
    }
}
choices-question = What would you like to get?
choices-everything = Every update
choices-everything-means = Also what happens between the order and the door.
choices-records = Only the ones to keep
choices-records-means = When an order is placed, delivered or cancelled.
choices-nothing = Nothing
choices-nothing-means = Not even when an order is cancelled.
choices-save = Save
choices-elsewhere = Whatever you get in other ways stays as it is.
choices-after-stop = If you once answered STOP to a text, answer START to it as well.
choices-no-address = There is no address of yours here that we would write to.
choices-unknown = This link does not work
choices-unknown-more = It may have been cut short. Open it again from the newest message you got from us.
choices-unclear = That could not be saved
choices-unclear-more = Go back, choose one of the three and save again.
choices-later = That could not be done just now
choices-later-more = Nothing was changed. Please try again in a few minutes.

## The preference centre. `$channel` is `push`, `sms`, `email` or `in_app`.

preferences-title = What we tell you, and how
preferences-intro = For each step of an order, choose where you want to hear of it.
preferences-inbox = To your inbox

preferences-channel = { $channel ->
    [push] Push
    [sms] Text message
    [email] E-mail
   *[in_app] Inbox
}

preferences-places = Where we reach you
preferences-place-none = { $channel ->
    [push] No device
    [sms] No number
   *[email] No address
}
preferences-stop = You answered STOP, so we send no texts to this number. To get them again, answer START to any text from us.
preferences-nothing-here = You told us to send nothing here any more.
preferences-records-here = You asked for only what is worth keeping here: when an order is placed, delivered or cancelled.
preferences-again = Send me everything here again
preferences-remove = Remove
preferences-remove-which = Remove { $device }

preferences-steps = Step by step
preferences-example = For example: “{ $text }”
preferences-on = Always
preferences-fallback = Only if other ways fail
preferences-off = Never
preferences-nowhere = Nowhere
preferences-overruled = Switched off above, whatever you choose here.

preferences-quiet = Quiet hours
preferences-quiet-means = We then send only what cannot wait, such as that your order is on its way. The rest is in your inbox.
preferences-quiet-wanted = Keep quiet at these hours
preferences-quiet-from = From
preferences-quiet-until = Until
preferences-quiet-unclear = Please give both times, such as 22:00 and 07:00. Nothing was saved yet.
preferences-zone = Time zone

preferences-language = Language
preferences-language-means = For messages and for this page.

preferences-save = Save
preferences-usual = Back to the usual
preferences-usual-means = Undoes what you chose for each step. Quiet hours and language stay.
preferences-said-saved = Saved. It holds from the next update on.
preferences-said-usual = You get the usual updates again.
preferences-said-removed = That device gets no more updates.
preferences-said-again = You get everything there again.

preferences-signed-out = Please sign in again
preferences-signed-out-more = This page stays open for an hour at a time. Open it again from the app.
preferences-nobody = Nothing to choose yet
preferences-nobody-more = Once we know how to reach you, you can choose here what you hear of.
preferences-unclear = That could not be saved
preferences-unclear-more = Please open this page again and choose anew.
preferences-later = That could not be done just now
preferences-later-more = Nothing was changed. Please try again in a few minutes.

## The page with a recipient's orders. Its buttons are short, its sentences whole.

inbox-title = Your orders
inbox-tab-inbox = Inbox
inbox-tab-archive = Archive
inbox-preferences = Notification settings
inbox-unread = Unread:
inbox-new = New
inbox-order = Order { $order_id }
inbox-steps = How far the order is
inbox-step = Step { $now } of { $all }
inbox-step-passed = { $step }: done
inbox-step-now = { $step }: now
inbox-step-ahead = { $step }: still to come
inbox-step-stopped = { $step }: it goes no further
inbox-stopped = It goes no further
inbox-trail = { $count ->
    [one] One message so far
   *[other] All { $count } messages
}
inbox-read = Mark as read
inbox-read-all = Mark all as read
inbox-archive = Archive
inbox-unarchive = Back to the inbox
inbox-older = Older orders
inbox-newest = Back to the newest
inbox-empty = Nothing here yet
inbox-empty-more = As soon as something happens to an order of yours, you see it here.
inbox-archive-empty = The archive is empty
inbox-archive-empty-more = What you archive is kept here. When there is news of its order, it comes back by itself.
inbox-archived = Archived.
inbox-unarchived = Back in the inbox.
inbox-lost = The connection is lost. It is tried again by itself.
inbox-closed = Please open your link again
inbox-closed-more = This page is for you alone, and your link has run out or was cut short. Open it again from the app, or from the newest message you got from us.
inbox-away = That could not be done just now
inbox-away-more = Nothing was changed. Please try again in a few minutes.
inbox-again = Try again
inbox-no-page = This page is no more
inbox-no-page-more = It may have been cut short on its way.
