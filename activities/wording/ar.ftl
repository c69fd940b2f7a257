### العربية. شرح تسمية الرسائل وطريقة البحث عنها في أول ملف en.ftl.
###
### Names and order numbers come wrapped in marks that keep them together, two characters for each: nothing
### is to be done for them here. A sentence begins in Arabic, so that it runs from right to left everywhere.
### A text has room for 70 characters, and leaves out what does not fit.

## Parts of sentences. Each brings its own leading space, so that nothing remains when it is unknown.

from-merchant = { $has_merchant_name ->
    [yes] { " " }من { $merchant_name }
   *[no] { "" }
}
to-merchant = { $has_merchant_name ->
    [yes] { " " }إلى { $merchant_name }
   *[no] { "" }
}
should-arrive = { $eta ->
    [minutes] { " " }{ $eta_minutes ->
        [zero] يصل في أي لحظة.
        [one] يصل بعد نحو دقيقة.
        [two] يصل بعد نحو دقيقتين.
        [few] يصل بعد نحو { $eta_minutes } دقائق.
        [many] يصل بعد نحو { $eta_minutes } دقيقة.
       *[other] يصل بعد نحو { $eta_minutes } دقيقة.
    }
    [hours] { " " }{ $eta_hours ->
        [zero] يصل في أي لحظة.
        [one] يصل بعد نحو ساعة.
        [two] يصل بعد نحو ساعتين.
        [few] يصل بعد نحو { $eta_hours } ساعات.
        [many] يصل بعد نحو { $eta_hours } ساعة.
       *[other] يصل بعد نحو { $eta_hours } ساعة.
    }
   *[unknown] { "" }
}
numbered = { $has_order_id ->
    [yes] { " " }{ $order_id }
   *[no] { "" }
}
the-order = { $has_order_id ->
    [yes] الطلب { $order_id }
   *[no] أحد الطلبات
}

## To the customer

customer-placed =
    .title = استلمنا طلبك{ from-merchant }
    .text = شكرًا لك. استلمنا طلبك{ from-merchant } وهو في انتظار القبول.{ should-arrive }
    .sms = استلمنا طلبك{ from-merchant } وننتظر قبوله.{ should-arrive }

customer-placed-accepted =
    .title = تم قبول طلبك{ from-merchant }
    .text = شكرًا لك. طلبك{ from-merchant } تم قبوله.{ should-arrive }

customer-placed-preparing =
    .title = { customer-placed-accepted-preparing.title }
    .text = { customer-placed-accepted-preparing.text }
    .sms = { customer-placed-accepted-preparing.sms }

customer-placed-accepted-preparing =
    .title = طلبك{ from-merchant } قيد التحضير
    .text = شكرًا لك. طلبك{ from-merchant } تم قبوله وهو قيد التحضير الآن.{ should-arrive }
    .sms = طلبك{ from-merchant } تم قبوله ويجري تحضيره.{ should-arrive }

customer-accepted =
    .title = تم قبول طلبك
    .text = طلبك{ from-merchant } تم قبوله.{ should-arrive }

customer-accepted-preparing =
    .title = تم القبول وبدأ التحضير
    .text = طلبك{ from-merchant } تم قبوله وهو قيد التحضير الآن.{ should-arrive }
    .sms = طلبك{ from-merchant } تم قبوله ويجري تحضيره.{ should-arrive }

customer-accepted-ready_for_pickup =
    .title = تم القبول والطلب جاهز
    .text = طلبك{ from-merchant } تم قبوله وهو جاهز للانطلاق.{ should-arrive }
    .sms = طلبك{ from-merchant } تم قبوله وهو جاهز.{ should-arrive }

customer-accepted-preparing-ready_for_pickup =
    .title = تم التحضير والطلب جاهز
    .text = طلبك{ from-merchant } تم قبوله وتحضيره وهو جاهز للانطلاق.{ should-arrive }
    .sms = طلبك{ from-merchant } تم قبوله وتحضيره وهو جاهز.{ should-arrive }

customer-preparing =
    .title = قيد التحضير
    .text = طلبك{ from-merchant } قيد التحضير الآن.{ should-arrive }

customer-preparing-ready_for_pickup =
    .title = تم التحضير والطلب جاهز
    .text = طلبك{ from-merchant } تم تحضيره وهو جاهز للانطلاق.{ should-arrive }
    .sms = طلبك{ from-merchant } تم تحضيره وهو جاهز.{ should-arrive }

customer-ready_for_pickup =
    .title = جاهز للانطلاق
    .text = طلبك{ from-merchant } جاهز للانطلاق.{ should-arrive }

customer-out_for_delivery =
    .title = في الطريق إليك
    .text = طلبك{ from-merchant } في الطريق إليك.{ should-arrive }

customer-nearby =
    .title = على وشك الوصول
    .text = طلبك{ from-merchant } على بُعد خطوات منك.{ should-arrive }

customer-delivered =
    .title = تم توصيل طلبك{ from-merchant }
    .text = طلبك{ from-merchant } تم توصيله. بالهناء والشفاء.

customer-cancelled =
    .title = تم إلغاء طلبك{ from-merchant }
    .text = طلبك{ from-merchant } تم إلغاؤه. نأسف لأنه لم يكتمل هذه المرة.
    .sms = طلبك{ from-merchant } تم إلغاؤه. نعتذر عن ذلك.

customer-news =
    .title = جديد طلبك
    .text = هناك جديد بشأن طلبك{ from-merchant } يمكنك الاطلاع عليه في التطبيق.

## To the merchant, at work: what to do comes with what happened.

merchant-placed =
    .title = طلب جديد{ numbered }
    .text = { $has_order_id ->
        [yes] وصل الطلب { $order_id }{ to-merchant } وهو في انتظار قبولكم.
       *[no] وصل طلب جديد{ to-merchant } وهو في انتظار قبولكم.
    }

merchant-delivered =
    .title = تم توصيل الطلب{ numbered }
    .text = { the-order }{ from-merchant } تم تسليمه إلى العميل. شكرًا لكم.

merchant-cancelled =
    .title = تم إلغاء الطلب{ numbered }
    .text = { $has_order_id ->
        [yes] الطلب { $order_id }{ from-merchant } تم إلغاؤه. يُرجى إيقاف تحضيره.
       *[no] أحد الطلبات{ from-merchant } تم إلغاؤه. يُرجى مراجعة الطلبات المفتوحة.
    }

merchant-news =
    .title = جديد أحد الطلبات
    .text = { $has_order_id ->
        [yes] هناك جديد بشأن الطلب { $order_id }{ from-merchant }، يُرجى مراجعة الطلبات المفتوحة.
       *[no] هناك جديد بشأن أحد الطلبات{ from-merchant }، يُرجى مراجعة الطلبات المفتوحة.
    }
    .sms = { $has_order_id ->
        [yes] جديد الطلب { $order_id }{ from-merchant }، يُرجى مراجعة الطلبات المفتوحة.
       *[no] جديد أحد الطلبات{ from-merchant }، يُرجى مراجعة الطلبات المفتوحة.
    }

## To the courier, on the road: where to go, or not to.

courier-ready_for_pickup =
    .title = جاهز للاستلام
    .text = { the-order }{ from-merchant } جاهز، يُرجى الحضور لاستلامه.

courier-cancelled =
    .title = تم إلغاء الطلب{ numbered }
    .text = { $has_order_id ->
        [yes] الطلب { $order_id }{ from-merchant } تم إلغاؤه. لا داعي لتوصيله.
       *[no] أحد الطلبات{ from-merchant } تم إلغاؤه. يُرجى مراجعة قائمة التوصيل قبل المتابعة.
    }

courier-news =
    .title = جديد أحد الطلبات
    .text = { $has_order_id ->
        [yes] هناك جديد بشأن الطلب { $order_id }{ from-merchant }، يُرجى مراجعة قائمة التوصيل.
       *[no] هناك جديد بشأن أحد الطلبات{ from-merchant }، يُرجى مراجعة قائمة التوصيل.
    }
    .sms = { $has_order_id ->
        [yes] جديد الطلب { $order_id }{ from-merchant }، يُرجى مراجعة قائمة التوصيل.
       *[no] جديد أحد الطلبات{ from-merchant }، يُرجى مراجعة قائمة التوصيل.
    }

## Moments

moment-now = الآن

## E-mails

mail-preferences = اختيار الرسائل التي تصلك بالبريد

## The page that this link leads to

choices-title = مستجدات طلباتك
choices-get = { $channel ->
    [sms] { $choice ->
        [everything] تصلك كل المستجدات في رسائل نصية.
        [records] تصلك في رسائل نصية أهم المستجدات فقط: عند تسجيل الطلب أو توصيله أو إلغائه.
       *[nothing] لا تصلك أي رسائل نصية.
    }
   *[email] { $choice ->
        [everything] تصلك كل المستجدات بالبريد الإلكتروني.
        [records] تصلك بالبريد الإلكتروني أهم المستجدات فقط: عند تسجيل الطلب أو توصيله أو إلغائه.
       *[nothing] لا يصلك شيء بالبريد الإلكتروني.
    }
}
choices-saved = { $channel ->
    [sms] { $choice ->
        [everything] تم الحفظ. ستصلك من الآن كل المستجدات في رسائل نصية.
        [records] تم الحفظ. ستصلك من الآن في رسائل نصية أهم المستجدات فقط: عند تسجيل الطلب أو توصيله أو إلغائه.
       *[nothing] تم الحفظ. لن تصلك من الآن أي رسائل نصية.
    }
   *[email] { $choice ->
        [everything] تم الحفظ. ستصلك من الآن كل المستجدات بالبريد الإلكتروني.
        [records] تم الحفظ. ستصلك من الآن بالبريد الإلكتروني أهم المستجدات فقط: عند تسجيل الطلب أو توصيله أو إلغائه.
       *[nothing] تم الحفظ. لن يصلك من الآن شيء بالبريد الإلكتروني.
    }
}
choices-question = ما الذي ترغب في تلقيه؟
choices-everything = كل المستجدات
choices-everything-means = بما في ذلك ما يحدث بين الطلب وباب المنزل.
choices-records = الأهم فقط
choices-records-means = عند تسجيل الطلب أو توصيله أو إلغائه.
choices-nothing = لا شيء
choices-nothing-means = ولا حتى عند إلغاء الطلب.
choices-save = حفظ
choices-elsewhere = يبقى ما يصلك بالطرق الأخرى كما هو.
choices-after-stop = إذا سبق أن رددت على رسالة نصية بكلمة STOP، فيُرجى الرد عليها بكلمة START أيضًا.
choices-no-address = ليس لدينا عنوان نراسلك عليه هنا.
choices-unknown = هذا الرابط لا يعمل
choices-unknown-more = ربما انقطع جزء منه. يُرجى فتحه من جديد من آخر رسالة وصلتك منا.
choices-unclear = تعذّر الحفظ
choices-unclear-more = يُرجى الرجوع واختيار واحد من الثلاثة ثم الحفظ من جديد.
choices-later = تعذّر ذلك الآن
choices-later-more = لم يتغير شيء. يُرجى المحاولة مجددًا بعد بضع دقائق.

## مركز التفضيلات

preferences-title = ما نخبرك به، وكيف
preferences-intro = اختر لكل خطوة من خطوات الطلب أين تريد أن تعرف بها.
preferences-inbox = إلى صندوق الوارد

preferences-channel = { $channel ->
    [push] إشعار فوري
    [sms] رسالة نصية
    [email] بريد إلكتروني
   *[in_app] صندوق الوارد
}

preferences-places = أين نصل إليك
preferences-place-none = { $channel ->
    [push] لا يوجد جهاز
    [sms] لا يوجد رقم
   *[email] لا يوجد عنوان
}
preferences-stop = رددت بكلمة STOP، لذلك لا نرسل رسائل نصية إلى هذا الرقم. لتصلك من جديد، يُرجى الرد بكلمة START على أي رسالة نصية منا.
preferences-nothing-here = طلبت ألا نرسل شيئًا إلى هنا بعد الآن.
preferences-records-here = طلبت أهم المستجدات فقط: عند تسجيل الطلب أو توصيله أو إلغائه.
preferences-again = إرسال كل شيء إلى هنا من جديد
preferences-remove = إزالة
preferences-remove-which = إزالة { $device }

preferences-steps = خطوة بخطوة
preferences-example = مثلًا: «{ $text }»
preferences-on = دائمًا
preferences-fallback = فقط إذا تعذّرت الطرق الأخرى
preferences-off = أبدًا
preferences-nowhere = لا مكان
preferences-overruled = متوقف أعلاه، مهما كان اختيارك هنا.

preferences-quiet = ساعات الهدوء
preferences-quiet-means = نرسل خلالها فقط ما لا يحتمل الانتظار، مثل خروج طلبك للتوصيل. أما الباقي فتجده في صندوق الوارد.
preferences-quiet-wanted = التزام الهدوء في هذه الساعات
preferences-quiet-from = من
preferences-quiet-until = إلى
preferences-quiet-unclear = يُرجى تحديد الوقتين، مثل 22:00 و07:00. لم يُحفظ شيء بعد.
preferences-zone = المنطقة الزمنية

preferences-language = اللغة
preferences-language-means = للرسائل ولهذه الصفحة.

preferences-save = حفظ
preferences-usual = العودة إلى المعتاد
preferences-usual-means = يلغي ما اخترته لكل خطوة. تبقى ساعات الهدوء واللغة كما هي.
preferences-said-saved = تم الحفظ، ويسري ذلك ابتداءً من الخبر التالي.
preferences-said-usual = تصلك المستجدات المعتادة من جديد.
preferences-said-removed = لن يتلقى هذا الجهاز أي مستجدات بعد الآن.
preferences-said-again = يصلك كل شيء هناك من جديد.

preferences-signed-out = يُرجى الدخول من جديد
preferences-signed-out-more = تبقى هذه الصفحة مفتوحة لمدة ساعة. يُرجى فتحها من جديد من التطبيق.
preferences-nobody = لا يوجد ما يمكن اختياره بعد
preferences-nobody-more = عندما نعرف كيف نصل إليك، يمكنك أن تختار هنا ما تعرف به.
preferences-unclear = تعذّر الحفظ
preferences-unclear-more = يُرجى فتح هذه الصفحة والاختيار من جديد.
preferences-later = تعذّر ذلك الآن
preferences-later-more = لم يتغير شيء. يُرجى المحاولة مجددًا بعد بضع دقائق.

## صفحة الطلبات

inbox-title = طلباتك
inbox-tab-inbox = صندوق الوارد
inbox-tab-archive = الأرشيف
inbox-preferences = إعدادات الإشعارات
inbox-unread = غير مقروءة:
inbox-new = جديد
inbox-order = الطلب { $order_id }
inbox-steps = إلى أين وصل الطلب
inbox-step = الخطوة { $now } من { $all }
inbox-step-passed = { $step }: تمت
inbox-step-now = { $step }: الآن
inbox-step-ahead = { $step }: لاحقًا
inbox-step-stopped = { $step }: توقف الطلب
inbox-stopped = توقف الطلب
inbox-trail = { $count ->
    [zero] لا رسائل بعد
    [one] رسالة واحدة حتى الآن
    [two] الرسالتان
    [few] الرسائل كلها: { $count } رسائل
    [many] الرسائل كلها: { $count } رسالة
   *[other] الرسائل كلها: { $count } رسالة
}
inbox-read = وضع علامة مقروء
inbox-read-all = وضع علامة مقروء على الكل
inbox-archive = أرشفة
inbox-unarchive = إعادة إلى صندوق الوارد
inbox-older = طلبات أقدم
inbox-newest = العودة إلى الأحدث
inbox-empty = لا شيء هنا بعد
inbox-empty-more = فور حدوث شيء في أحد طلباتك تجده هنا.
inbox-archive-empty = الأرشيف فارغ
inbox-archive-empty-more = يُحفظ هنا ما تؤرشفه. وعند وجود جديد في الطلب يعود تلقائيًا.
inbox-archived = تمت الأرشفة.
inbox-unarchived = عاد إلى صندوق الوارد.
inbox-lost = انقطع الاتصال. تتم إعادة المحاولة تلقائيًا.
inbox-closed = يُرجى فتح الرابط من جديد
inbox-closed-more = هذه الصفحة لك وحدك، وقد انتهت صلاحية الرابط أو انقطع جزء منه. يُرجى فتحها من جديد من التطبيق أو من آخر رسالة وصلتك منا.
inbox-away = تعذّر ذلك الآن
inbox-away-more = لم يتغير شيء. يُرجى المحاولة مجددًا بعد بضع دقائق.
inbox-again = إعادة المحاولة
inbox-no-page = لم تعد هذه الصفحة موجودة
inbox-no-page-more = ربما انقطع جزء من الرابط.
